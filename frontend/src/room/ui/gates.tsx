import type { ReactNode } from "react";
import type { MessageKey } from "../messages";
import { ApiError } from "../net/http";
import type { Refusal } from "../net/socket";
import { CLOSE } from "../protocol";
import { useConfig, useWords } from "./context";
import { Icon } from "./icons";
import { Button } from "./parts";

const BY_CLOSE_CODE: Readonly<Record<number, MessageKey>> = {
  [CLOSE.malformed]: "refusedMalformed",
  [CLOSE.tooLarge]: "refusedMalformed",
  [CLOSE.forbidden]: "refusedRemoved",
  [CLOSE.noRoom]: "refusedNoRoom",
  [CLOSE.cancelled]: "refusedCancelled",
  [CLOSE.invite]: "refusedInvite",
};
const BY_ERROR: Readonly<Record<string, MessageKey>> = {
  forbidden: "refusedRemoved",
  not_found: "refusedNoRoom",
  lesson_cancelled: "refusedCancelled",
  invite_expired: "refusedInvite",
  invite_invalid: "refusedInvite",
  not_authenticated: "refusedSignedOut",
};

export function refusalWords(why: Refusal): MessageKey {
  const known = why instanceof ApiError ? BY_ERROR[why.code] : BY_CLOSE_CODE[why];
  return known ?? "refusedOther";
}

function Gate({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  const config = useConfig();
  const t = useWords();
  return (
    <div className="room-gate">
      {children}
      <h1>{title}</h1>
      <p role="status">{text}</p>
      {config.lessonUrl && (
        <a className="room-button" href={config.lessonUrl}>
          {t("backToLesson")}
        </a>
      )}
    </div>
  );
}

export function RefusedPage({ why }: { why: Refusal }) {
  const t = useWords();
  const key = refusalWords(why);
  const detail = why instanceof ApiError && key === "refusedOther" ? why.message : "";
  return (
    <Gate title={t("refusedTitle")} text={detail || t(key)}>
      <Button onClick={() => location.reload()}>{t("reload")}</Button>
    </Gate>
  );
}

export function WaitingPage() {
  const t = useWords();
  return (
    <Gate title={t("waitingTitle")} text={t("waitingText")}>
      <span className="room-waiting-sign" aria-hidden="true">
        <Icon name="wait" />
      </span>
    </Gate>
  );
}

/** A guest's right to the room has ended with the lesson. */
export function EndedPage({ guest, onStay }: { guest: boolean; onStay: () => void }) {
  const t = useWords();
  return (
    <Gate title={t("endedTitle")} text={t(guest ? "endedGuestText" : "endedText")}>
      {!guest && <Button onClick={onStay}>{t("stayOnBoard")}</Button>}
    </Gate>
  );
}
