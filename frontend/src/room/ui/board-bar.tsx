import { useEffect, useState } from "react";
import type { Board } from "../board/board";
import type { BoardDialog } from "./board-dialogs";
import { useSession, useStore, useWords } from "./context";
import type { IconName } from "./icons";
import { Button } from "./parts";

/** A change is usually known to the server within half a second; later than this it is told. */
const PATIENCE = 2500;

/** Whether a change has been here for longer than PATIENCE ms. */
function useLate(board: Board, waiting: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return setLate(false);
    const look = () => setLate(board.provider.waiting() > PATIENCE);
    const timer = setInterval(look, PATIENCE / 5);
    return () => clearInterval(timer);
  }, [board, waiting]);
  return late;
}

function Unsent({ board }: { board: Board }) {
  const t = useWords();
  const { open, unsent } = useStore(board.provider.link);
  const late = useLate(board, unsent > 0);
  const shown = unsent > 0 && (!open || late);
  return (
    <span className="room-unsent" role="status">
      {shown && <b title={t("unsentHint")}>{t("unsent", { count: unsent })}</b>}
      {!shown && !open && <i>{t("connecting")}</i>}
    </span>
  );
}

function Pages({ board, onRemove }: { board: Board; onRemove: () => void }) {
  const t = useWords();
  const { pages, page, following } = useStore(board.store);
  const { you } = useSession();
  return (
    <nav className="room-pages" aria-label={t("pages")}>
      {pages.map(({ id, title }, index) => (
        <button
          key={id}
          type="button"
          className="room-button"
          aria-current={id === page ? "page" : undefined}
          aria-label={title || t("page", { number: index + 1 })}
          title={title || t("page", { number: index + 1 })}
          onClick={() => board.choose(id)}
        >
          {index + 1}
        </button>
      ))}
      <Button icon="plus" look="quiet" label={t("pageAdd")} onClick={() => board.addPage()} />
      {you?.role === "tutor" && (
        <Button icon="trash" look="quiet" label={t("pageRemove")} onClick={onRemove} />
      )}
      {you?.role !== "tutor" && (
        <label className="room-switch">
          <input
            type="checkbox"
            checked={following}
            onChange={(event) => board.follow(event.target.checked)}
          />
          <span>{t("follow")}</span>
        </label>
      )}
    </nav>
  );
}

interface BoardBarProps {
  board: Board;
  grid: boolean;
  onGrid: () => void;
  onDialog: (dialog: BoardDialog) => void;
}

const TOOLS: readonly { name: "formula" | "pdf" | "exportBoard" | "history"; icon: IconName }[] = [
  { name: "formula", icon: "formula" },
  { name: "pdf", icon: "pdf" },
  { name: "exportBoard", icon: "export" },
  { name: "history", icon: "history" },
];

export function BoardBar({ board, grid, onGrid, onDialog }: BoardBarProps) {
  const t = useWords();
  return (
    <div className="room-board-bar">
      <Pages board={board} onRemove={() => onDialog("pageRemove")} />
      <Unsent board={board} />
      <div className="room-tools" role="toolbar" aria-label={t("boardTools")}>
        <Button icon="grid" look="quiet" label={t("grid")} pressed={grid} onClick={onGrid} />
        {TOOLS.map(({ name, icon }) => (
          <Button
            key={name}
            icon={icon}
            look="quiet"
            label={t(name)}
            onClick={() => onDialog(name)}
          />
        ))}
      </div>
    </div>
  );
}
