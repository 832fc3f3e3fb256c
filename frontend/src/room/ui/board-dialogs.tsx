import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import { Confirm } from "./components";
import { useStore } from "./context";
import { ExportDialog } from "./export-dialog";
import { FormulaDialog } from "./formula-dialog";
import { HistoryDialog } from "./history-dialog";
import { LocksDialog } from "./locks-dialog";
import { PdfDialog } from "./pdf-dialog";
import { ShortcutsDialog } from "./shortcuts-dialog";

export type BoardDialog =
  | "formula"
  | "pdf"
  | "exportBoard"
  | "history"
  | "locks"
  | "pageRemove"
  | "shortcuts";

interface BoardDialogsProps {
  board: Board;
  dialog: BoardDialog;
  onClose: () => void;
}

export function BoardDialogs({ board, dialog, onClose }: BoardDialogsProps) {
  switch (dialog) {
    case "formula":
      return <FormulaDialog board={board} onClose={onClose} />;
    case "pdf":
      return <PdfDialog board={board} onClose={onClose} />;
    case "exportBoard":
      return <ExportDialog board={board} onClose={onClose} />;
    case "history":
      return <HistoryDialog board={board} onClose={onClose} />;
    case "locks":
      return <LocksDialog board={board} onClose={onClose} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
    case "pageRemove":
      return <RemovePage board={board} onClose={onClose} />;
  }
}

function RemovePage({ board, onClose }: { board: Board; onClose: () => void }) {
  const { pages, page } = useStore(board.store);
  const number = pages.findIndex(({ id }) => id === page) + 1;
  return (
    <Confirm
      title={interpolate(gettext("Delete page %(number)s?"), { number })}
      text={gettext(
        "Everything on it is deleted for everyone. You can restore an earlier version from the history.",
      )}
      action={gettext("Delete page")}
      onConfirm={() => board.removePage(page)}
      onClose={onClose}
    />
  );
}
