import { useEffect, useRef, useState } from "react";
import { errorMessage } from "../../shared/api";
import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import { insertPdf } from "../board/images/insert";
import { firstPages, formatPages, MAX_PAGES, parsePages } from "../board/images/page-range";
import { PdfError, type PdfProblem } from "../board/images/pdf-limits";
import type { OpenPdf } from "../board/images/pdf-pages";
import { Button, Dialog, Field, RadioGroup } from "./components";

type Layout = "column" | "pages";

const PROBLEM_TEXTS: Record<PdfProblem, string> = {
  "not-pdf": gettext("This file is not a PDF."),
  damaged: gettext("This PDF could not be read: the file is damaged or too complex."),
  password: gettext("This PDF is protected. Enter its password."),
  "wrong-password": gettext("The password is wrong. Try again."),
};

function problemOf(error: unknown): PdfProblem {
  return error instanceof PdfError ? error.problem : "damaged";
}

/** Opens the chosen file, again with each password; closes it with the dialog. */
function useOpenPdf(file: File | null) {
  const [pdf, setPdf] = useState<OpenPdf | null>(null);
  const [problem, setProblem] = useState<PdfProblem | null>(null);
  const [opening, setOpening] = useState(false);
  const current = useRef<File | null>(null);
  const open = async (password: string) => {
    if (!file) return;
    setProblem(null);
    setOpening(true);
    try {
      // pdf.js is large and rarely needed, so it is loaded on first use.
      const { openPdf } = await import("../board/images/pdf-pages");
      const opened = await openPdf(file, password);
      if (current.current === file) setPdf(opened);
      else void opened.close();
    } catch (error) {
      if (current.current === file) setProblem(problemOf(error));
    }
    if (current.current === file) setOpening(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when another file is chosen.
  useEffect(() => {
    current.current = file;
    setPdf(null);
    void open("");
    return () => {
      current.current = null;
    };
  }, [file]);
  useEffect(() => () => void pdf?.close(), [pdf]);
  return { pdf, problem, opening, open };
}

function PasswordField({ onEnter }: { onEnter: (password: string) => void }) {
  const [password, setPassword] = useState("");
  return (
    <div className="room-test">
      <Field label={gettext("PDF password")}>
        <input
          type="password"
          autoComplete="off"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      <Button disabled={!password} onClick={() => onEnter(password)}>
        {gettext("Open")}
      </Button>
    </div>
  );
}

function LayoutChoice({ layout, onChange }: { layout: Layout; onChange: (to: Layout) => void }) {
  return (
    <RadioGroup
      legend={gettext("Page layout")}
      name="layout"
      value={layout}
      options={[
        ["column", gettext("One below another on this page")],
        ["pages", gettext("Each on its own page")],
      ]}
      onChoose={onChange}
    />
  );
}

function rangeError(error: "invalid" | "too-many", count: number): string {
  return error === "invalid"
    ? interpolate(gettext("Enter pages from 1 to %(count)s, for example 1–5, 8."), { count })
    : interpolate(gettext("At most %(max)s pages can be added at once."), { max: MAX_PAGES });
}

export function PdfDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const { pdf, problem, opening, open } = useOpenPdf(file);
  const [range, setRange] = useState<string | null>(null);
  const [layout, setLayout] = useState<Layout>("column");
  const [progress, setProgress] = useState<{ done: number; count: number } | null>(null);
  const [failed, setFailed] = useState("");
  const stop = useRef<AbortController>(null);
  const missing = useRef<number[]>([]);
  useEffect(() => () => stop.current?.abort(), []);

  const count = pdf?.count ?? 0;
  const text = range ?? firstPages(count);
  const choice = parsePages(text, count);
  const isAsking = problem === "password" || problem === "wrong-password";
  const choose = (chosen: File | null) => {
    setFile(chosen);
    setRange(null);
    missing.current = [];
    setFailed("");
  };
  const insert = async () => {
    if (!pdf || !choice.pages) return;
    setFailed("");
    stop.current = new AbortController();
    const { signal } = stop.current;
    const onProgress = (done: number, total: number) => setProgress({ done, count: total });
    const insertion = { waiting: [...choice.pages], missing: missing.current };
    try {
      await insertPdf(board, pdf, insertion, layout, onProgress, signal);
      if (signal.aborted) return;
      if (insertion.missing.length) {
        const words = gettext("These pages could not be drawn and were left out: %(pages)s.");
        board.showProblem(interpolate(words, { pages: insertion.missing.join(", ") }));
      }
      onClose();
    } catch (error) {
      if (signal.aborted) return;
      setProgress(null);
      setRange(formatPages(insertion.waiting)); // so that a second try adds no page twice
      setFailed(errorMessage(error, gettext("Not all pages could be added.")));
    }
  };
  return (
    <Dialog
      title={gettext("Add PDF to board")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{gettext("Cancel")}</Button>
          <Button
            variant="primary"
            disabled={!choice.pages || progress !== null}
            onClick={() => void insert()}
          >
            {gettext("Add to board")}
          </Button>
        </>
      }
    >
      <Field label={gettext("PDF file")}>
        <input
          type="file"
          accept="application/pdf"
          onChange={(event) => choose(event.target.files?.[0] ?? null)}
        />
      </Field>
      {isAsking && <PasswordField onEnter={(password) => void open(password)} />}
      {count > 1 && (
        <Field label={interpolate(gettext("Pages (of %(count)s)"), { count })}>
          <input
            value={text}
            aria-invalid={choice.error !== null}
            onChange={(event) => setRange(event.target.value)}
          />
        </Field>
      )}
      <LayoutChoice layout={layout} onChange={setLayout} />
      <p role="status">
        {opening && gettext("Opening the file…")}
        {progress && interpolate(gettext("Page %(done)s of %(count)s"), progress)}
      </p>
      {(problem || failed || (pdf && choice.error)) && (
        <p className="room-error" role="alert">
          {problem
            ? PROBLEM_TEXTS[problem]
            : failed || rangeError(choice.error ?? "invalid", count)}
        </p>
      )}
    </Dialog>
  );
}
