import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import type { Drawing } from "../protocol";
import { Button, Dialog, RadioGroup } from "./components";
import { useRoom, useSession, useStore } from "./context";

const CHOICES: readonly (readonly [Drawing, string])[] = [
  ["free", gettext("Everything")],
  ["own", gettext("Only what they draw themselves")],
  ["new", gettext("Only what is drawn from now on")],
  ["none", gettext("Nothing: the whole board is locked")],
];

/** Lets the tutor choose what everybody else may change; each choice applies at once. */
export function LocksDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const { session } = useRoom();
  const { room } = useSession();
  const { page, pages } = useStore(board.store);
  if (!room) return null;
  const { drawing, locked_pages: lockedPages } = room.board;
  const number = pages.findIndex(({ id }) => id === page) + 1;
  const choose = (chosen: Drawing) => session.send({ type: "board.drawing", drawing: chosen });
  return (
    <Dialog
      title={gettext("What students may change")}
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          {gettext("Done")}
        </Button>
      }
    >
      <RadioGroup
        legend={gettext("On the whole board")}
        name="drawing"
        value={drawing}
        options={CHOICES}
        onChoose={choose}
      />
      {drawing === "new" && (
        <p>
          <Button onClick={() => choose("new")}>{gettext("Lock what was drawn since, too")}</Button>
        </p>
      )}
      <fieldset className="room-choice">
        <legend>{gettext("On this page")}</legend>
        <label>
          <input
            type="checkbox"
            checked={lockedPages.includes(page)}
            onChange={({ target }) =>
              session.send({ type: "page.lock", page, locked: target.checked })
            }
          />
          <span>{interpolate(gettext("Lock page %(number)s"), { number })}</span>
        </label>
      </fieldset>
    </Dialog>
  );
}
