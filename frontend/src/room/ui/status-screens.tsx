import type { ReactNode } from "react";
import { ApiError } from "../../shared/api";
import { gettext } from "../../shared/gettext";
import type { Refusal } from "../net/reconnecting-web-socket";
import { CLOSE_CODES } from "../protocol";
import { Button } from "./components";
import { useConfig } from "./context";
import { Icon } from "./icons";

const MALFORMED_TEXT = gettext("The connection was closed because of an error. Reload the page.");
const REMOVED_TEXT = gettext("You were removed from this lesson or don’t have access to it.");
const NO_ROOM_TEXT = gettext("Room not found.");
const CANCELLED_TEXT = gettext("Lesson cancelled.");
const INVITE_TEXT = gettext(
  "The invite link has expired or was replaced. Ask the tutor for a new one.",
);
const SIGNED_OUT_TEXT = gettext("You have been signed out. Sign in and open the room again.");

const TEXT_BY_CLOSE_CODE: Readonly<Record<number, string>> = {
  [CLOSE_CODES.malformed]: MALFORMED_TEXT,
  [CLOSE_CODES.tooLarge]: MALFORMED_TEXT,
  [CLOSE_CODES.forbidden]: REMOVED_TEXT,
  [CLOSE_CODES.noRoom]: NO_ROOM_TEXT,
  [CLOSE_CODES.cancelled]: CANCELLED_TEXT,
  [CLOSE_CODES.invite]: INVITE_TEXT,
};
const TEXT_BY_ERROR_CODE: Readonly<Record<string, string>> = {
  forbidden: REMOVED_TEXT,
  not_found: NO_ROOM_TEXT,
  lesson_cancelled: CANCELLED_TEXT,
  invite_expired: INVITE_TEXT,
  invite_invalid: INVITE_TEXT,
  not_authenticated: SIGNED_OUT_TEXT,
};

function refusalText(reason: Refusal): string {
  const text =
    reason instanceof ApiError
      ? (TEXT_BY_ERROR_CODE[reason.code] ?? reason.message)
      : TEXT_BY_CLOSE_CODE[reason];
  return text || gettext("The room could not be opened.");
}

function StatusScreen({
  title,
  text,
  children,
}: {
  title: string;
  text: string;
  children?: ReactNode;
}) {
  const config = useConfig();
  return (
    <div className="room-status-screen">
      {children}
      <h1>{title}</h1>
      <p role="status">{text}</p>
      {config.lessonUrl && (
        <a className="btn" href={config.lessonUrl}>
          {gettext("Back to the lesson page")}
        </a>
      )}
    </div>
  );
}

export function RefusedScreen({ reason }: { reason: Refusal }) {
  return (
    <StatusScreen title={gettext("You can’t enter the room")} text={refusalText(reason)}>
      <Button onClick={() => location.reload()}>{gettext("Reload the page")}</Button>
    </StatusScreen>
  );
}

export function WaitingScreen() {
  return (
    <StatusScreen
      title={gettext("Please wait")}
      text={gettext("The tutor knows that you are waiting. The room opens when you are admitted.")}
    >
      <span className="room-waiting-sign" aria-hidden="true">
        <Icon name="wait" />
      </span>
    </StatusScreen>
  );
}

/** Shown to a guest, whose access ended with the lesson. */
export function EndedScreen({ guest, onStay }: { guest: boolean; onStay: () => void }) {
  return (
    <StatusScreen
      title={gettext("The lesson is over")}
      text={
        guest
          ? gettext("Guests can be in the room only during the lesson. Thank you for coming.")
          : gettext("The board, the chat and the files are kept with the lesson.")
      }
    >
      {!guest && <Button onClick={onStay}>{gettext("Stay on the board")}</Button>}
    </StatusScreen>
  );
}
