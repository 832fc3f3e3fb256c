import { useEffect, useRef, useState } from "react";
import { errorMessage } from "../../shared/api";
import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import { insertPdf } from "../board/images/insert";
import { Button, Dialog, Field } from "./components";

export function PdfDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [layout, setLayout] = useState<"column" | "pages">("column");
  const [progress, setProgress] = useState<{ done: number; count: number } | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const insert = async () => {
    if (!file) return;
    setFailed("");
    setBusy(true);
    stop.current = new AbortController();
    const { signal } = stop.current;
    const onProgress = (done: number, count: number) => setProgress({ done, count });
    try {
      const { skipped } = await insertPdf(board, file, layout, onProgress, signal);
      if (signal.aborted) return;
      if (skipped) {
        const text = gettext("The PDF is too long. Pages left out at the end: %(left)s.");
        board.showProblem(interpolate(text, { left: skipped }));
      }
      onClose();
    } catch (error) {
      setProgress(null);
      setBusy(false);
      setFailed(errorMessage(error, gettext("This PDF could not be read.")));
    }
  };
  return (
    <Dialog
      title={gettext("Add PDF to board")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{gettext("Cancel")}</Button>
          <Button variant="primary" disabled={!file || busy} onClick={() => void insert()}>
            {gettext("Add to board")}
          </Button>
        </>
      }
    >
      <Field label={gettext("PDF file")}>
        <input
          type="file"
          accept="application/pdf"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </Field>
      <fieldset className="room-choice">
        <legend>{gettext("Page layout")}</legend>
        {(["column", "pages"] as const).map((value) => (
          <label key={value}>
            <input
              type="radio"
              name="layout"
              checked={layout === value}
              onChange={() => setLayout(value)}
            />
            <span>
              {value === "column"
                ? gettext("One below another on this page")
                : gettext("Each on its own page")}
            </span>
          </label>
        ))}
      </fieldset>
      <p role="status">
        {progress && interpolate(gettext("Page %(done)s of %(count)s"), progress)}
      </p>
      {failed && (
        <p className="room-error" role="alert">
          {failed}
        </p>
      )}
    </Dialog>
  );
}
