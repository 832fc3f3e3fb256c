import { type FormEvent, useEffect, useState } from "react";
import { gettext } from "../../shared/gettext";
import { formatSeconds, secondsUntil } from "../../shared/time";
import { Button, Dialog, Field } from "./components";
import { useRoom, useSession } from "./context";

function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}

function TimerDialog({ onClose }: { onClose: () => void }) {
  const { session } = useRoom();
  const { room } = useSession();
  const [minutes, setMinutes] = useState("10");
  const set = (seconds: number) => {
    session.send({ type: "timer.set", seconds });
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const seconds = Math.round(Number(minutes) * 60);
    if (seconds > 0 && seconds <= 86_400) set(seconds);
  };
  return (
    <Dialog title={gettext("Set timer")} onClose={onClose}>
      <form className="room-timer-form" onSubmit={submit}>
        <Field label={gettext("Minutes")}>
          <input
            type="number"
            min="0.5"
            max="1440"
            step="0.5"
            required
            value={minutes}
            onChange={(event) => setMinutes(event.target.value)}
          />
        </Field>
        <div className="room-row">
          {room?.timer_ends_at && <Button onClick={() => set(0)}>{gettext("Clear timer")}</Button>}
          <Button type="submit" variant="primary">
            {gettext("Start")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function Timer() {
  const { room, you, clockOffset } = useSession();
  const [setting, setSetting] = useState(false);
  const ends = room?.timer_ends_at ?? null;
  const now = useNow(ends !== null);
  const left = ends === null ? null : secondsUntil(ends, now, clockOffset);
  return (
    <div className="room-timer">
      {left !== null && (
        <span
          role="timer"
          aria-label={gettext("Time left")}
          className={left === 0 ? "over" : undefined}
        >
          {formatSeconds(left)}
        </span>
      )}
      <span className="visually-hidden" role="status">
        {left === 0 ? gettext("Time is up") : ""}
      </span>
      {you?.role === "tutor" && (
        <Button
          icon="timer"
          variant="quiet"
          label={gettext("Set timer")}
          onClick={() => setSetting(true)}
        />
      )}
      {setting && <TimerDialog onClose={() => setSetting(false)} />}
    </div>
  );
}
