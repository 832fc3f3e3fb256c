import { useEffect, useMemo } from "react";
import type { MessageKey } from "../messages";
import { type NotesState, NotesSync } from "../state/notes-sync";
import { useRoom, useStore, useWords } from "./context";
import { Button } from "./parts";

const WORDS: Record<NotesState["saving"], MessageKey> = {
  saved: "notesSaved",
  saving: "notesSaving",
  failed: "notesFailed",
};

/** The tutor's own. */
export function Notes() {
  const { session } = useRoom();
  const t = useWords();
  const notes = useMemo(
    () => new NotesSync(session.request, `${session.api}notes/`, localStorage),
    [session],
  );
  const { text, saving, theirs } = useStore(notes.store);

  useEffect(() => {
    const leave = () => void notes.save();
    void notes.load();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, [notes]);

  return (
    <div className="room-notes">
      <label>
        <span>{t("notesLabel")}</span>
        <textarea
          value={text ?? ""}
          maxLength={100_000}
          disabled={text === null}
          onChange={(event) => notes.type(event.target.value)}
        />
      </label>
      {theirs !== null && text !== null && (
        <div className="room-notes-theirs" role="alert">
          <p>{t("notesChanged")}</p>
          <label>
            <span>{t("notesTheirs")}</span>
            <textarea value={theirs} readOnly />
          </label>
          <div className="room-row">
            <Button onClick={() => notes.choose(theirs)}>{t("notesTakeTheirs")}</Button>
            <Button onClick={() => notes.choose(text)}>{t("notesKeepMine")}</Button>
            <Button look="primary" onClick={() => notes.choose(`${text}\n\n${theirs}`)}>
              {t("notesJoin")}
            </Button>
          </div>
        </div>
      )}
      {theirs === null && <p role="status">{t(WORDS[saving])}</p>}
    </div>
  );
}
