import { useEffect, useRef, useState } from "react";
import type { MessageKey } from "../messages";
import { json } from "../net/http";
import { useRoom, useWords } from "./context";

const PAUSE = 800;

type Saving = "saved" | "saving" | "failed";
const WORDS: Record<Saving, MessageKey> = {
  saved: "notesSaved",
  saving: "notesSaving",
  failed: "notesFailed",
};

/** The tutor's own; saved a moment after the last key. */
export function Notes() {
  const { session } = useRoom();
  const t = useWords();
  const [text, setText] = useState<string | null>(null);
  const [state, setState] = useState<Saving>("saved");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const unsaved = useRef<string | null>(null);
  const url = `${session.api}notes/`;

  const save = useRef(async () => {
    clearTimeout(timer.current);
    const draft = unsaved.current;
    if (draft === null) return;
    unsaved.current = null;
    try {
      await session.request(url, { ...json("PUT", { text: draft }), keepalive: true });
      setState(unsaved.current === null ? "saved" : "saving");
    } catch {
      unsaved.current ??= draft;
      setState("failed");
      timer.current = setTimeout(() => void save.current(), PAUSE * 6);
    }
  });

  useEffect(() => {
    const { request } = session;
    const last = save.current;
    const leave = () => void last();
    request(url)
      .then((response) => response.json())
      .then(
        (body: { text: string }) => setText((now) => now ?? body.text),
        () => setState("failed"),
      );
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      void last();
    };
  }, [session, url]);

  const typed = (value: string) => {
    setText(value);
    setState("saving");
    unsaved.current = value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void save.current(), PAUSE);
  };
  return (
    <div className="room-notes">
      <label>
        <span>{t("notesLabel")}</span>
        <textarea
          value={text ?? ""}
          maxLength={100_000}
          disabled={text === null}
          onChange={(event) => typed(event.target.value)}
        />
      </label>
      <p role="status">{t(WORDS[state])}</p>
    </div>
  );
}
