import type { Kind, LocalMedia } from "../call/local-media";
import type { Trouble } from "../call/media";
import type { MessageKey } from "../messages";
import { useStore, useWords } from "./context";
import { Button } from "./parts";

const KINDS = ["camera", "microphone"] as const;
const WORDS: Record<Kind, Record<Trouble, MessageKey>> = {
  camera: {
    denied: "cameraDenied",
    missing: "cameraMissing",
    busy: "cameraBusy",
    insecure: "insecure",
    unknown: "cameraUnknown",
  },
  microphone: {
    denied: "microphoneDenied",
    missing: "microphoneMissing",
    busy: "microphoneBusy",
    insecure: "insecure",
    unknown: "microphoneUnknown",
  },
};

/** Which devices cannot be used, and what to do about it. */
export function Troubles({ local }: { local: LocalMedia }) {
  const t = useWords();
  const { trouble } = useStore(local.store);
  const kinds = KINDS.filter((kind) => trouble[kind]);
  const keys = new Set(kinds.map((kind) => WORDS[kind][trouble[kind] ?? "unknown"]));
  if (trouble.screen) keys.add("screenUnknown");
  const retry = () => {
    for (const kind of kinds) void local.open(kind);
  };
  return (
    <>
      {[...keys].map((key) => (
        <p key={key} className="room-trouble">
          {t(key)}
        </p>
      ))}
      {kinds.length > 0 && <Button onClick={retry}>{t("tryAgain")}</Button>}
    </>
  );
}
