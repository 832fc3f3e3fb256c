import { useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import type { Board } from "../board/board";
import { listSnapshots, openSnapshot, restoreSnapshot, type Snapshot } from "../board/history";
import { pagesOf } from "../board/pages";
import { reasonOf } from "../net/http";
import { timeFormat } from "../time";
import { useConfig, useRoom, useSession, useWords } from "./context";
import { Button, Dialog, Field } from "./parts";

const SETTLING = 120;

/** A picture of the moment: it cannot be drawn on, so it cannot be changed. */
function Picture({
  board,
  doc,
  page,
  label,
}: {
  board: Board;
  doc: Y.Doc;
  page: string;
  label: string;
}) {
  const host = useRef<HTMLDivElement>(null);
  const t = useWords();
  const [blank, setBlank] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let current = true;
    const show = async () => {
      const { renderPage } = await import("../board/render");
      const canvas = await renderPage(doc, page, board.files, 1).catch(() => undefined);
      if (!current) return;
      setFailed(canvas === undefined);
      setBlank(canvas === null);
      if (canvas) host.current?.replaceChildren(canvas);
      else host.current?.replaceChildren();
    };
    void show();
    return () => {
      current = false;
    };
  }, [board, doc, page]);
  return (
    <div className="room-history-picture">
      <div ref={host} role="img" aria-label={label} />
      {blank && <p>{t("historyBlank")}</p>}
      {failed && <p>{t("historyUndrawn")}</p>}
    </div>
  );
}

function useSnapshots(): [readonly Snapshot[] | null, boolean] {
  const { session } = useRoom();
  const [snapshots, setSnapshots] = useState<readonly Snapshot[] | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    listSnapshots(session.request, session.api).then(setSnapshots, () => setFailed(true));
  }, [session]);
  return [snapshots, failed];
}

function useSnapshot(id: number | undefined): [Y.Doc | null, boolean] {
  const { session } = useRoom();
  const [doc, setDoc] = useState<Y.Doc | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (id === undefined) return;
    let current = true;
    const open = async () => {
      const opened = await openSnapshot(session.request, session.api, id).catch(() => null);
      if (!current) return;
      setDoc(opened);
      setFailed(opened === null);
    };
    // Those that the slider only passes are not asked for.
    const timer = setTimeout(() => void open(), SETTLING);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [session, id]);
  return [doc, failed];
}

export function HistoryDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const { session } = useRoom();
  const { you } = useSession();
  const config = useConfig();
  const t = useWords();
  const [snapshots, unlisted] = useSnapshots();
  const [chosen, setChosen] = useState<number | null>(null);
  const [page, setPage] = useState(0);
  const [note, setNote] = useState("");
  const last = (snapshots?.length ?? 0) - 1;
  const index = chosen ?? last;
  const snapshot = snapshots?.[index];
  const [doc, unread] = useSnapshot(snapshot?.id);
  const format = timeFormat(config, { dateStyle: "medium", timeStyle: "medium" });
  const time = snapshot ? format.format(new Date(snapshot.created_at)) : "";
  const pages = doc ? pagesOf(doc) : [];
  const shown = pages[Math.min(page, pages.length - 1)];

  const restore = async () => {
    if (!snapshot) return;
    try {
      await restoreSnapshot(session.request, session.api, snapshot.id);
      setNote(t("historyRestored", { time }));
    } catch (error) {
      setNote(reasonOf(error, t("historyFailed")));
    }
  };
  const actions = you?.role === "tutor" && snapshot && (
    <Button look="primary" onClick={() => void restore()}>
      {t("historyRestore")}
    </Button>
  );
  return (
    <Dialog title={t("historyTitle")} wide onClose={onClose} actions={actions || undefined}>
      {(unlisted || unread) && <p className="room-error">{t("historyFailed")}</p>}
      {snapshots?.length === 0 && <p>{t("historyEmpty")}</p>}
      {snapshot && (
        <Field label={`${t("historySlider")}: ${time}`}>
          <input
            type="range"
            min={0}
            max={last}
            value={index}
            aria-valuetext={time}
            onChange={(event) => setChosen(Number(event.target.value))}
          />
        </Field>
      )}
      {pages.length > 1 && (
        <nav className="room-pages" aria-label={t("pages")}>
          {pages.map(({ id }, number) => (
            <button
              key={id}
              type="button"
              className="room-button"
              aria-current={id === shown?.id ? "page" : undefined}
              onClick={() => setPage(number)}
            >
              {t("page", { number: number + 1 })}
            </button>
          ))}
        </nav>
      )}
      {doc && shown && (
        <Picture board={board} doc={doc} page={shown.id} label={t("historyPicture", { time })} />
      )}
      <p role="status">{note}</p>
    </Dialog>
  );
}
