import { useEffect, useMemo } from "react";
import { gettext } from "../../shared/gettext";
import { type NotesState, NotesSync } from "../state/notes-sync";
import { Button } from "./components";
import { useRoom, useStore } from "./context";

const SAVING_TEXTS: Record<NotesState["saving"], string> = {
  saved: gettext("Saved"),
  saving: gettext("Saving…"),
  failed: gettext("Not saved. We’ll try again as you type."),
};

/** The tutor's private notes. */
export function Notes() {
  const { session } = useRoom();
  const notes = useMemo(
    () => new NotesSync(session.request, `${session.api}notes/`, localStorage),
    [session],
  );
  const { text, saving, conflictingText } = useStore(notes.store);

  useEffect(() => {
    const saveNow = () => void notes.save();
    void notes.load();
    addEventListener("pagehide", saveNow);
    return () => {
      removeEventListener("pagehide", saveNow);
      saveNow();
    };
  }, [notes]);

  return (
    <div className="room-notes">
      <label>
        <span>{gettext("Private notes, visible only to you")}</span>
        <textarea
          value={text ?? ""}
          maxLength={100_000}
          disabled={text === null}
          onChange={(event) => notes.setText(event.target.value)}
        />
      </label>
      {conflictingText !== null && text !== null && (
        <div className="room-notes-conflict" role="alert">
          <p>
            {gettext(
              "These notes were changed in another window. Nothing is lost: choose what to keep.",
            )}
          </p>
          <label>
            <span>{gettext("The other version")}</span>
            <textarea value={conflictingText} readOnly />
          </label>
          <div className="room-row">
            <Button onClick={() => notes.resolveConflict(conflictingText)}>
              {gettext("Use the other version")}
            </Button>
            <Button onClick={() => notes.resolveConflict(text)}>{gettext("Keep mine")}</Button>
            <Button
              variant="primary"
              onClick={() => notes.resolveConflict(`${text}\n\n${conflictingText}`)}
            >
              {gettext("Keep both")}
            </Button>
          </div>
        </div>
      )}
      {conflictingText === null && <p role="status">{SAVING_TEXTS[saving]}</p>}
    </div>
  );
}
