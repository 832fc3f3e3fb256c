import { gettext, interpolate } from "../../shared/gettext";
import "@excalidraw/excalidraw/index.css";
import { Excalidraw, MainMenu } from "@excalidraw/excalidraw";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Board } from "../board/board";
import type { BoardHandover } from "../board/board-options";
import { selectedFormula } from "../board/images/insert";
import { preparing } from "../board/images/prepare-picture";
import { translateShortcuts } from "../board/key-layout";
import { isPageLocked } from "../board/locks";
import { ignorePalms } from "../board/palm-filter";
import type { BoardRules, BoardSize } from "../protocol";
import { BoardBar } from "./board-bar";
import { BoardBoundary } from "./board-boundary";
import { type BoardDialog, BoardDialogs } from "./board-dialogs";
import { Button, ProblemNotice } from "./components";
import {
  useBoardRules,
  useConfig,
  useIsPageLocked,
  useRoom,
  useSession,
  useStore,
} from "./context";
import { Icon } from "./icons";
import { isDark, useDark } from "./theme";

function useBoard(previous: BoardHandover | null): Board {
  const { session } = useRoom();
  const [board] = useState(() => {
    const { you } = session.store.get();
    const me = { name: you?.name ?? "", person: you?.person ?? "", role: you?.role ?? "guest" };
    return new Board({
      me,
      request: session.request,
      root: session.api,
      getAddress: () => session.socketAddress("board_url"),
      onRefused: (refused) => session.store.patch({ refused }),
      isDark,
      previous,
      following: me.role === "tutor" ? null : isSmallScreen() ? "view" : "page",
    });
  });
  useEffect(() => {
    board.start();
    return () => board.stop();
  }, [board]);
  return board;
}

/** As in the style sheets. */
function isSmallScreen(): boolean {
  return matchMedia("(max-width: 48rem)").matches;
}

/** Only large changes take longer to send. */
const MAX_SEND_MS = 2000;

/** Warns before the page unloads with unsent changes. */
function useLeaveWarning(board: Board): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      const { open, unsent } = board.provider.link.get();
      const late = board.oldestUnsentAge() > MAX_SEND_MS;
      if (late || (unsent && !open)) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [board]);
}

/** Opens a formula on double click, which would otherwise crop the image. */
function useFormulaDoubleClick(board: Board, open: () => void): RefObject<HTMLDivElement | null> {
  const host = useRef<HTMLDivElement>(null);
  const opener = useRef(open);
  opener.current = open;
  useEffect(() => {
    const onDoubleClick = (event: MouseEvent) => {
      if (!board.api || !selectedFormula(board.api)) return;
      event.stopPropagation();
      opener.current();
    };
    const element = host.current;
    element?.addEventListener("dblclick", onDoubleClick, true);
    return () => element?.removeEventListener("dblclick", onDoubleClick, true);
  }, [board]);
  return host;
}

/** Filters keys and touches of `host` before Excalidraw; `?` opens Kreida's list of shortcuts. */
function useInputFilters(host: RefObject<HTMLElement | null>, onHelp: () => void): void {
  const opener = useRef(onHelp);
  opener.current = onHelp;
  useEffect(() => {
    if (!host.current) return;
    const stops = [
      translateShortcuts(host.current, () => opener.current()),
      ignorePalms(host.current),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [host]);
}

/** Whether the board is full and thus read-only, since further changes would not be sent. */
function useIsBoardFull(board: Board): boolean {
  const { boardLevel } = useSession();
  const { full } = useStore(board.provider.link);
  return full || boardLevel === "full" || boardLevel === "storage_full";
}

function fullnessText(level: BoardSize["level"], full: boolean, sendingStopped: boolean): string {
  if (level === "storage_full") {
    return sendingStopped
      ? gettext(
          "The tutor’s storage is full. Your last changes were not saved. Reload the page to see what others draw.",
        )
      : gettext("The tutor’s storage is full: nothing more can be drawn or added.");
  }
  if (sendingStopped) {
    return gettext(
      "This board is full. Your last changes were not saved. Reload the page to see what others draw.",
    );
  }
  return full
    ? gettext("This board is full: you can’t draw on it any more.")
    : gettext("This board is almost full: soon you won’t be able to draw on it.");
}

function FullnessNotice({ board }: { board: Board }) {
  const { boardLevel, you } = useSession();
  const { full: sendingStopped } = useStore(board.provider.link);
  const full = useIsBoardFull(board);
  if (!full && boardLevel !== "nearly_full") return null;
  const advice =
    you?.role === "tutor"
      ? gettext(
          "Delete pages you no longer need; you can export them as PDF first. Erasing single strokes frees almost nothing, and a new page is part of the same board. Space is freed within a minute.",
        )
      : gettext(
          "Ask the tutor to delete pages that are no longer needed. A new page doesn’t help: it is part of the same board.",
        );
  const state = fullnessText(boardLevel, full, sendingStopped);

  return (
    <div className={"notice error"} role="status">
      <span>
        {state} {advice}
      </span>
      {sendingStopped && (
        <Button onClick={() => location.reload()}>{gettext("Reload the page")}</Button>
      )}
    </div>
  );
}

/** Why this person cannot change something. */
function lockText(rules: BoardRules | null, page: string): string | null {
  if (rules?.drawing === "none") {
    return gettext("The tutor has locked the board: you can look at it but not draw.");
  }
  if (isPageLocked(rules, page)) {
    return gettext("The tutor has locked this page: you can look at it but not draw on it.");
  }
  if (rules?.drawing === "own") {
    return gettext("You can draw, and change only what you drew yourself.");
  }
  if (rules?.drawing === "new") {
    return gettext("The tutor has locked what is on the board: you can add to it.");
  }
  return null;
}

function LockNotice({ board }: { board: Board }) {
  const { page } = useStore(board.store);
  const text = lockText(useBoardRules(), page);
  return (
    <div role="status">
      {text && (
        <p className="notice">
          <Icon name="lock" />
          {text}
        </p>
      )}
    </div>
  );
}

/** Lets the tutor put back at once what somebody else has deleted. */
function DeletionNotice({ board }: { board: Board }) {
  const { you } = useSession();
  const count = useStore(board.deletions.count);
  if (you?.role !== "tutor" || !count) return null;
  return (
    <div className="notice" role="status">
      <span>{interpolate(gettext("Just deleted from the board: %(count)s"), { count })}</span>
      <Button variant="primary" onClick={() => board.deletions.restore()}>
        {gettext("Put back")}
      </Button>
      <Button
        icon="close"
        variant="quiet"
        label={gettext("Dismiss")}
        onClick={() => board.deletions.dismiss()}
      />
    </div>
  );
}

/** Says what happens to pictures: one is being made ready, or others have no file. */
function PictureNotices({ board }: { board: Board }) {
  const busy = useStore(preparing);
  const missing = useStore(board.sceneImages.missing);
  return (
    <div role="status">
      {busy > 0 && <p className="notice">{gettext("Preparing the picture…")}</p>}
      {missing > 0 && (
        <p className="notice">
          {interpolate(
            gettext(
              "Pictures on this page that have not arrived: %(count)s. Whoever added them can add them again.",
            ),
            { count: missing },
          )}
        </p>
      )}
    </div>
  );
}

interface BoardCanvasProps {
  board: Board;
  grid: boolean;
  dark: boolean;
  onHelp: () => void;
}

function BoardCanvas({ board, grid, dark, onHelp }: BoardCanvasProps) {
  const full = useIsBoardFull(board);
  const locked = useIsPageLocked(board);
  const { locale } = useConfig();
  const api = useRef<ExcalidrawImperativeAPI>(null);
  const onApi = useCallback((given: ExcalidrawImperativeAPI) => {
    api.current = given;
  }, []);
  // Detach before Excalidraw unmounts, so that pending changes reach the document.
  useLayoutEffect(() => () => board.detach(), [board]);
  const onChange: NonNullable<Parameters<typeof Excalidraw>[0]["onChange"]> = (_, state, files) => {
    if (state.isLoading || !api.current) return;
    // Attach only now, because Excalidraw clears the scene when it finishes loading.
    if (board.api !== api.current) board.attach(api.current);
    else board.onSceneChange(state, files);
  };
  return (
    <Excalidraw
      excalidrawAPI={onApi}
      initialData={() => ({ appState: board.tools })}
      onChange={onChange}
      onPointerUpdate={({ pointer, button }) => board.onPointerUpdate(pointer, button)}
      langCode={locale === "uk" ? "uk-UA" : "en"}
      theme={dark ? "dark" : "light"}
      gridModeEnabled={grid}
      viewModeEnabled={full || locked}
      isCollaborating
      validateEmbeddable={false}
      aiEnabled={false}
      UIOptions={{
        canvasActions: {
          changeViewBackgroundColor: false,
          clearCanvas: false,
          export: false,
          loadScene: false,
          saveToActiveFile: false,
          saveAsImage: false,
          toggleTheme: false,
        },
      }}
    >
      <MainMenu>
        <MainMenu.DefaultItems.SearchMenu />
        <MainMenu.Item onSelect={onHelp} shortcut="?">
          {gettext("Keyboard shortcuts")}
        </MainMenu.Item>
      </MainMenu>
    </Excalidraw>
  );
}

/** Opens the board anew when the server has rewritten it, with its unsent changes, or locked it. */
export default function BoardView() {
  const [opened, setOpened] = useState<Opened>({ number: 0, previous: null });
  const reopen = useCallback((previous: BoardHandover) => {
    setOpened(({ number }) => ({ number: number + 1, previous }));
  }, []);
  return <OpenBoard key={opened.number} previous={opened.previous} onOutdated={reopen} />;
}

interface Opened {
  number: number;
  previous: BoardHandover | null;
}

interface OpenBoardProps {
  previous: BoardHandover | null;
  onOutdated(previous: BoardHandover): void;
}

function OpenBoard({ previous, onOutdated }: OpenBoardProps) {
  const board = useBoard(previous);
  const { outdated, locked } = useStore(board.provider.link);
  useEffect(() => {
    if (outdated || locked) onOutdated(board.handOver({ afterLock: locked }));
  }, [outdated, locked, board, onOutdated]);
  const rules = useBoardRules();
  useEffect(() => board.setRules(rules), [board, rules]);
  const { problem } = useStore(board.store);
  const [dialog, setDialog] = useState<BoardDialog | null>(null);
  const [grid, setGrid] = useState(false);
  useLeaveWarning(board);
  const dark = useDark();
  const openShortcuts = () => setDialog("shortcuts");
  const canvas = useFormulaDoubleClick(board, () => setDialog("formula"));
  useInputFilters(canvas, openShortcuts);
  return (
    <>
      <BoardBar
        board={board}
        grid={grid}
        onToggleGrid={() => setGrid(!grid)}
        onOpenDialog={setDialog}
      />
      <FullnessNotice board={board} />
      <LockNotice board={board} />
      <DeletionNotice board={board} />
      <PictureNotices board={board} />
      {problem && <ProblemNotice text={problem} onDismiss={() => board.dismissProblem()} />}
      <div ref={canvas} className="room-canvas">
        <BoardBoundary>
          {(attempt) => (
            <BoardCanvas
              // Remounts on a theme change, because Excalidraw caches each image as it was added.
              key={`${attempt} ${dark}`}
              board={board}
              grid={grid}
              dark={dark}
              onHelp={openShortcuts}
            />
          )}
        </BoardBoundary>
      </div>
      {dialog && <BoardDialogs board={board} dialog={dialog} onClose={() => setDialog(null)} />}
    </>
  );
}
