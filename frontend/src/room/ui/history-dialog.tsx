import { useEffect, useState } from "react";
import type * as Y from "yjs";
import { errorMessage } from "../../shared/api";
import { gettext, interpolate } from "../../shared/gettext";
import { createTimeFormat } from "../../shared/time";
import type { Board } from "../board/board";
import { type BoardVersion, listVersions, openVersion, restoreVersion } from "../board/history";
import { pagesOf } from "../board/pages";
import { Button, Dialog, Field } from "./components";
import { useConfig, useRoom, useSession } from "./context";
import { VersionPicture } from "./version-picture";

const DEBOUNCE_MS = 120;

function useVersions(): [readonly BoardVersion[] | null, boolean] {
  const { session } = useRoom();
  const [versions, setVersions] = useState<readonly BoardVersion[] | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    listVersions(session.request, session.api).then(setVersions, () => setFailed(true));
  }, [session]);
  return [versions, failed];
}

function useVersion(id: number | undefined): [Y.Doc | null, boolean] {
  const { session } = useRoom();
  const [doc, setDoc] = useState<Y.Doc | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (id === undefined) return;
    let current = true;
    const open = async () => {
      const opened = await openVersion(session.request, session.api, id).catch(() => null);
      if (!current) return;
      setDoc(opened);
      setFailed(opened === null);
    };
    // Debounced, so that versions the slider only passes are not requested.
    const timer = setTimeout(() => void open(), DEBOUNCE_MS);
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
  const [versions, listFailed] = useVersions();
  const [chosen, setChosen] = useState<number | null>(null);
  const [page, setPage] = useState(0);
  const [note, setNote] = useState("");
  const last = (versions?.length ?? 0) - 1;
  const index = chosen ?? last;
  const version = versions?.[index];
  const [doc, versionFailed] = useVersion(version?.id);
  const format = createTimeFormat(config, { dateStyle: "medium", timeStyle: "medium" });
  const time = version ? format.format(new Date(version.created_at)) : "";
  const pages = doc ? pagesOf(doc) : [];
  const shown = pages[Math.min(page, pages.length - 1)];

  const restore = async () => {
    if (!version) return;
    try {
      await restoreVersion(session.request, session.api, version.id);
      setNote(interpolate(gettext("Board version restored: %(time)s."), { time }));
    } catch (error) {
      setNote(errorMessage(error, gettext("The history could not be loaded.")));
    }
  };
  const actions = you?.role === "tutor" && version && (
    <Button variant="primary" onClick={() => void restore()}>
      {gettext("Restore this version")}
    </Button>
  );
  return (
    <Dialog
      title={gettext("Version history")}
      wide
      onClose={onClose}
      actions={actions || undefined}
    >
      {(listFailed || versionFailed) && (
        <p className="room-error">{gettext("The history could not be loaded.")}</p>
      )}
      {versions?.length === 0 && (
        <p>{gettext("No versions yet. One is saved every 30 seconds while somebody draws.")}</p>
      )}
      {version && (
        <Field label={[gettext("Version"), time].join(": ")}>
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
        <nav className="room-pages" aria-label={gettext("Board pages")}>
          {pages.map(({ id }, number) => (
            <button
              key={id}
              type="button"
              className="btn"
              aria-current={id === shown?.id ? "page" : undefined}
              onClick={() => setPage(number)}
            >
              {interpolate(gettext("Page %(number)s"), { number: number + 1 })}
            </button>
          ))}
        </nav>
      )}
      {doc && shown && (
        <VersionPicture
          files={board.files}
          doc={doc}
          page={shown.id}
          label={interpolate(gettext("The board at %(time)s"), { time })}
        />
      )}
      <p role="status">{note}</p>
    </Dialog>
  );
}
