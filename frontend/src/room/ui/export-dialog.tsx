import { useState } from "react";
import type { Board } from "../board/board";
import type { Format } from "../board/export";
import { fileName } from "../board/pictures";
import { useConfig, useStore, useWords } from "./context";
import { Button, Dialog } from "./parts";

interface ChoiceProps<V extends string> {
  legend: string;
  name: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onChoose: (value: V) => void;
}

function Choice<V extends string>({ legend, name, value, options, onChoose }: ChoiceProps<V>) {
  return (
    <fieldset className="room-choice">
      <legend>{legend}</legend>
      {options.map(([option, label]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={value === option}
            onChange={() => onChoose(option)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function ExportDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const config = useConfig();
  const t = useWords();
  const { page } = useStore(board.store);
  const [scope, setScope] = useState<"page" | "lesson">("page");
  const [format, setFormat] = useState<Format>("pdf");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);

  const save = async () => {
    setBusy(true);
    const only = scope === "page" ? page : undefined;
    try {
      const { exportBoard } = await import("../board/export");
      const name = fileName(config.title);
      const done = await exportBoard(board.doc, board.files, format, name, only);
      if (done) onClose();
      else setNote(t("exportEmpty"));
    } catch {
      setNote(t("exportFailed"));
    }
    setBusy(false);
  };
  return (
    <Dialog
      title={t("exportTitle")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" disabled={busy} onClick={() => void save()}>
            {t("exportSave")}
          </Button>
        </>
      }
    >
      <Choice
        legend={t("exportScope")}
        name="scope"
        value={scope}
        options={[
          ["page", t("exportPage")],
          ["lesson", t("exportLesson")],
        ]}
        onChoose={setScope}
      />
      <Choice
        legend={t("exportFormat")}
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
