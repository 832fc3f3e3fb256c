import { useEffect, useState } from "react";
import type * as Y from "yjs";
import { gettext, interpolate } from "../../shared/gettext";
import { listVersions, openVersion } from "../board/history";
import { toFileName } from "../board/images/image-files";
import { ImageStore } from "../board/images/image-store";
import { pagesOf } from "../board/pages";
import { socketEndpoint } from "../net/endpoint";
import { Messages } from "./chat";
import { Button } from "./components";
import { useConfig, useRoom, useSession } from "./context";
import { VersionPicture } from "./version-picture";

interface SavedBoard {
  doc: Y.Doc;
  files: ImageStore;
}

/** The newest saved version of the board; null while there is none. */
function useSavedBoard(): SavedBoard | null {
  const { session } = useRoom();
  const [board, setBoard] = useState<SavedBoard | null>(null);
  useEffect(() => {
    const load = async () => {
      const version = (await listVersions(session.request, session.api)).at(-1);
      if (!version) return;
      const doc = await openVersion(session.request, session.api, version.id);
      const files = new ImageStore(doc.getMap("files"), session.request, session.api, () => {});
      setBoard({ doc, files });
    };
    // Without it the screen still says what is blocked.
    load().catch(() => {});
  }, [session]);
  return board;
}

function BoardPreview({ board: { doc, files } }: { board: SavedBoard }) {
  const config = useConfig();
  const [number, setNumber] = useState(0);
  const [failed, setFailed] = useState(false);
  const pages = pagesOf(doc);
  const page = pages[Math.min(number, pages.length - 1)];
  const save = async () => {
    const { exportBoard } = await import("../board/export");
    setFailed(!(await exportBoard(doc, files, "pdf", toFileName(config.title)).catch(() => false)));
  };
  if (!page) return null;
  return (
    <section aria-label={gettext("Board")}>
      <h2>{gettext("The board as it was last saved")}</h2>
      {pages.length > 1 && (
        <nav className="room-pages" aria-label={gettext("Board pages")}>
          {pages.map(({ id }, index) => (
            <button
              key={id}
              type="button"
              className="btn"
              aria-current={id === page.id ? "page" : undefined}
              onClick={() => setNumber(index)}
            >
              {interpolate(gettext("Page %(number)s"), { number: index + 1 })}
            </button>
          ))}
        </nav>
      )}
      <VersionPicture files={files} doc={doc} page={page.id} label={gettext("Board")} />
      <Button icon="export" onClick={() => void save()}>
        {gettext("Save as PDF")}
      </Button>
      {failed && <p role="alert">{gettext("The file could not be created.")}</p>}
    </section>
  );
}

/** What to allow, in words that a network's administrator can use. */
function AdministratorAdvice() {
  return (
    <p className="notice">
      {interpolate(
        gettext(
          "For the network’s administrator: please allow WebSocket connections (%(scheme)s://) to %(host)s, port %(port)s. A proxy or filter must pass on the headers “Upgrade” and “Connection”.",
        ),
        socketEndpoint(location),
      )}
    </p>
  );
}

function Reason() {
  const { hasTicket } = useSession();
  if (!hasTicket) {
    return (
      <>
        <h1>{gettext("The server doesn’t answer")}</h1>
        <p role="status">{gettext("Check your internet connection. We keep trying.")}</p>
      </>
    );
  }
  return (
    <>
      <h1>{gettext("This network blocks the room’s connection")}</h1>
      <p role="status">
        {gettext(
          "Pages open, but the network does not let through the connection (WebSocket) that the board, the call and the chat need. Another network, such as your phone’s, usually works. We keep trying: the room opens by itself as soon as it can.",
        )}
      </p>
      <AdministratorAdvice />
    </>
  );
}

/** Shown when the room has not opened for a while: what is wrong, and what can be used without it. */
export default function BlockedScreen() {
  const { session } = useRoom();
  const config = useConfig();
  const { chat } = useSession();
  const board = useSavedBoard();
  useEffect(() => {
    session.loadChat().catch(() => {});
  }, [session]);
  return (
    <div className="room-blocked">
      <Reason />
      <p className="room-row">
        <Button onClick={() => location.reload()}>{gettext("Try again")}</Button>
        {config.lessonUrl && (
          <a className="btn" href={config.lessonUrl}>
            {gettext("Back to the lesson page")}
          </a>
        )}
      </p>
      {chat.length > 0 && (
        <section aria-label={gettext("Chat")}>
          <h2>{gettext("Chat so far")}</h2>
          <Messages />
        </section>
      )}
      {board && <BoardPreview board={board} />}
    </div>
  );
}
