import { useEffect, useRef, useState } from "react";
import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import type { BoardDialog } from "./board-dialogs";
import { Button } from "./components";
import { useBoardRules, useConfig, useIsPageLocked, useSession, useStore } from "./context";
import { Icon, type IconName } from "./icons";

/** Age from which unsent changes are shown; the server usually confirms within 500 ms. */
const UNSENT_SHOW_AFTER_MS = 2500;
/** Age below which they are hidden again. */
const UNSENT_HIDE_BELOW_MS = 1000;

/** Shows unsent changes at once when offline, else once they are old, until they are sent. */
function useIsUnsentShown(board: Board, open: boolean, waiting: boolean): boolean {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!waiting || !open) return setShown(waiting);
    const update = () =>
      setShown(
        (was) => board.oldestUnsentAge() > (was ? UNSENT_HIDE_BELOW_MS : UNSENT_SHOW_AFTER_MS),
      );
    const timer = setInterval(update, UNSENT_HIDE_BELOW_MS / 2);
    return () => clearInterval(timer);
  }, [board, open, waiting]);
  return shown;
}

function UnsentStatus({ board }: { board: Board }) {
  const { open, unsent: changes, unavailable, full } = useStore(board.provider.link);
  const unsent = changes + useStore(board.files.unsent);
  const shown = useIsUnsentShown(board, open, unsent > 0);
  if (full) return null;
  return (
    <span className="room-unsent" role="status">
      {shown && (
        <b
          title={gettext(
            "Your changes will be sent as soon as the connection is back. Don’t close this page.",
          )}
        >
          {interpolate(gettext("Not sent yet: %(count)s"), { count: unsent })}
        </b>
      )}
      {unavailable && (
        <b
          title={gettext(
            "We keep trying. The call and chat still work, and your drawing is kept on this page.",
          )}
        >
          {gettext("The board can’t be opened right now")}
        </b>
      )}
      {!shown && !open && !unavailable && <i>{gettext("Connecting…")}</i>}
    </span>
  );
}

function PageTabs({ board }: { board: Board }) {
  const { pages, page } = useStore(board.store);
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the page changes.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [page, pages]);
  return (
    <nav ref={nav} className="room-pages" aria-label={gettext("Board pages")}>
      {pages.map(({ id, title }, index) => (
        <button
          key={id}
          type="button"
          className="btn"
          aria-current={id === page ? "page" : undefined}
          aria-label={title || interpolate(gettext("Page %(number)s"), { number: index + 1 })}
          title={title || interpolate(gettext("Page %(number)s"), { number: index + 1 })}
          onClick={() => board.choosePage(id)}
        >
          {index + 1}
        </button>
      ))}
    </nav>
  );
}

function FollowButton({ board }: { board: Board }) {
  const { following } = useStore(board.store);
  return (
    <Button
      icon="follow"
      variant="quiet"
      className="room-follow"
      label={gettext("Follow the tutor")}
      pressed={following === "view"}
      onClick={() => board.setFollowing(following === "view" ? null : "view")}
    >
      {gettext("Follow the tutor")}
    </Button>
  );
}

interface BoardBarProps {
  board: Board;
  grid: boolean;
  onToggleGrid: () => void;
  onOpenDialog: (dialog: BoardDialog) => void;
}

interface Tool {
  name: BoardDialog;
  label: string;
  icon: IconName;
  /** Whether it changes the board. */
  changes?: true;
}

const TOOLS: readonly Tool[] = [
  { name: "formula", label: gettext("Formula"), icon: "formula", changes: true },
  { name: "pdf", label: gettext("PDF"), icon: "pdf", changes: true },
  { name: "exportBoard", label: gettext("Export"), icon: "export" },
  { name: "history", label: gettext("History"), icon: "history" },
];

export function BoardBar({ board, grid, onToggleGrid, onOpenDialog }: BoardBarProps) {
  const { you, room } = useSession();
  const { page } = useStore(board.store);
  const { previousBoardUrl } = useConfig();
  const isTutor = you?.role === "tutor";
  const boardLocked = useBoardRules()?.drawing === "none";
  const tools = useIsPageLocked(board) ? TOOLS.filter(({ changes }) => !changes) : TOOLS;
  return (
    <div className="room-board-bar">
      <PageTabs board={board} />
      {!boardLocked && (
        <Button
          icon="plus"
          variant="quiet"
          label={gettext("New page")}
          onClick={() => board.addPage()}
        />
      )}
      {isTutor && (
        <Button
          icon="lock"
          variant="quiet"
          label={gettext("What students may change")}
          pressed={room?.board.drawing !== "free" || room.board.locked_pages.includes(page)}
          onClick={() => onOpenDialog("locks")}
        />
      )}
      {isTutor && (
        <Button
          icon="trash"
          variant="quiet"
          label={gettext("Delete page")}
          onClick={() => onOpenDialog("pageRemove")}
        />
      )}
      {isTutor ? (
        <Button
          icon="follow"
          variant="quiet"
          label={gettext("Bring everyone to my view")}
          onClick={() => board.gather()}
        />
      ) : (
        <FollowButton board={board} />
      )}
      <UnsentStatus board={board} />
      <div className="room-tools" role="toolbar" aria-label={gettext("Board tools")}>
        <Button
          icon="grid"
          variant="quiet"
          label={gettext("Grid")}
          pressed={grid}
          onClick={onToggleGrid}
        />
        {tools.map(({ name, label, icon }) => (
          <Button
            key={name}
            icon={icon}
            variant="quiet"
            label={label}
            onClick={() => onOpenDialog(name)}
          />
        ))}
        {previousBoardUrl && (
          <a
            className="btn quiet icon"
            href={previousBoardUrl}
            target="_blank"
            rel="noopener"
            title={gettext("Board of the last lesson")}
          >
            <span className="visually-hidden">{gettext("Board of the last lesson")}</span>
            <Icon name="previous" />
          </a>
        )}
      </div>
    </div>
  );
}
