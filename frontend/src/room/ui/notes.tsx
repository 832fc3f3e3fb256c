import { useEffect, useMemo } from "react";
import { gettext } from "../../shared/gettext";
import { type NotesState, NotesSync } from "../state/notes-sync";
import { Button } from "./components";
import { useRoom, useStore } from "./context";

const SAVING_TEXTS: Record<NotesState["saving"], string> = {
  saved: gettext("Saved"),
  saving: gettext("Saving…"),
  failed: gettext("Not saved. It is tried again as you write."),
};

/** The tutor's private notes. */
export function Notes() {
  const { session } = useRoom();
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
        <span>{gettext("Private notes, seen by you alone")}</span>
        <textarea
          value={text ?? ""}
          maxLength={100_000}
          disabled={text === null}
          onChange={(event) => notes.type(event.target.value)}
        />
      </label>
      {theirs !== null && text !== null && (
        <div className="room-notes-theirs" role="alert">
          <p>
            {gettext(
              "These notes were changed in another window. Nothing is lost: choose what to keep.",
            )}
          </p>
          <label>
            <span>{gettext("The other version")}</span>
            <textarea value={theirs} readOnly />
          </label>
          <div className="room-row">
            <Button onClick={() => notes.resolveConflict(theirs)}>
              {gettext("Take the other version")}
            </Button>
            <Button onClick={() => notes.resolveConflict(text)}>{gettext("Keep mine")}</Button>
            <Button look="primary" onClick={() => notes.resolveConflict(`${text}\n\n${theirs}`)}>
              {gettext("Keep both")}
            </Button>
          </div>
        </div>
      )}
      {theirs === null && <p role="status">{SAVING_TEXTS[saving]}</p>}
    </div>
  );
}
