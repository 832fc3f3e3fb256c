import { useState } from "react";
import { gettext } from "../../shared/gettext";
import type { Board } from "../board/board";
import type { Format } from "../board/export";
import { toFileName } from "../board/images/image-files";
import { Button, Dialog, RadioGroup } from "./components";
import { useConfig, useStore } from "./context";

export function ExportDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const config = useConfig();
  const { page } = useStore(board.store);
  const [scope, setScope] = useState<"page" | "lesson">("page");
  const [format, setFormat] = useState<Format>("pdf");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);

  const save = async () => {
    setBusy(true);
    const onlyPage = scope === "page" ? page : undefined;
    try {
      const { exportBoard } = await import("../board/export");
      const name = toFileName(config.title);
      const done = await exportBoard(board.doc, board.files, format, name, onlyPage);
      if (done) onClose();
      else setNote(gettext("There is nothing to export yet."));
    } catch {
      setNote(gettext("The file could not be created."));
    }
    setBusy(false);
  };
  return (
    <Dialog
      title={gettext("Export board")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{gettext("Cancel")}</Button>
          <Button variant="primary" disabled={busy} onClick={() => void save()}>
            {gettext("Save file")}
          </Button>
        </>
      }
    >
      <RadioGroup
        legend={gettext("What to export")}
        name="scope"
        value={scope}
        options={[
          ["page", gettext("This page")],
          ["lesson", gettext("The whole lesson")],
        ]}
        onChoose={setScope}
      />
      <RadioGroup
        legend={gettext("Format")}
        name="format"
        value={format}
        options={[
          ["pdf", "PDF"],
          ["png", "PNG"],
        ]}
        onChoose={setFormat}
      />
      <p role="status">{note}</p>
    </Dialog>
  );
}
