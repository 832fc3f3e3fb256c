import { useEffect, useRef, useState } from "react";
import type { Board } from "../board/board";
import type { BoardDialog } from "./board-dialogs";
import { useSession, useStore, useWords } from "./context";
import type { IconName } from "./icons";
import { Button } from "./parts";

/** A change is usually known to the server within half a second; later than this it is told. */
const PATIENCE = 2500;
const USUAL = 1000;

/** Offline at once, else where a change has waited for long; until all goes as usual again. */
function useTold(board: Board, open: boolean, waiting: boolean): boolean {
  const [told, setTold] = useState(false);
  useEffect(() => {
    if (!waiting || !open) return setTold(waiting);
    const look = () => setTold((was) => board.waiting() > (was ? USUAL : PATIENCE));
    const timer = setInterval(look, USUAL / 2);
    return () => clearInterval(timer);
  }, [board, open, waiting]);
  return told;
}

function Unsent({ board }: { board: Board }) {
  const t = useWords();
  const { open, unsent: changes, unavailable, full } = useStore(board.provider.link);
  const unsent = changes + useStore(board.files.unsent);
  const told = useTold(board, open, unsent > 0);
  if (full) return null;
  return (
    <span className="room-unsent" role="status">
      {told && <b title={t("unsentHint")}>{t("unsent", { count: unsent })}</b>}
      {unavailable && <b title={t("boardUnavailableHint")}>{t("boardUnavailable")}</b>}
      {!told && !open && !unavailable && <i>{t("connecting")}</i>}
    </span>
  );
}

function Pages({ board }: { board: Board }) {
  const t = useWords();
  const { pages, page } = useStore(board.store);
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page may be out of sight.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [page, pages]);
  return (
    <nav ref={nav} className="room-pages" aria-label={t("pages")}>
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
    </nav>
  );
}

function Follow({ board }: { board: Board }) {
  const t = useWords();
  const { following } = useStore(board.store);
  return (
    <Button
      icon="follow"
      look="quiet"
      className="room-follow"
      label={t("follow")}
      pressed={following}
      onClick={() => board.follow(!following)}
    >
      {t("follow")}
    </Button>
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
  const { you } = useSession();
  const isTutor = you?.role === "tutor";
  return (
    <div className="room-board-bar">
      <Pages board={board} />
      <Button icon="plus" look="quiet" label={t("pageAdd")} onClick={() => board.addPage()} />
      {isTutor && (
        <Button
          icon="trash"
          look="quiet"
          label={t("pageRemove")}
          onClick={() => onDialog("pageRemove")}
        />
      )}
      {!isTutor && <Follow board={board} />}
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
