import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { gettext } from "../../shared/gettext";
import { timeFormat } from "../../shared/time";
import { linkify } from "../linkify";
import { CHAT_LIMIT, type Role } from "../protocol";
import { Button } from "./components";
import { useConfig, useRoom, useSession } from "./context";

export const ROLE_NAMES: Record<Role, string> = {
  tutor: gettext("Tutor"),
  student: gettext("Student"),
  guest: gettext("Guest"),
};

/** React escapes text, so a message cannot inject markup. */
function Linked({ text }: { text: string }) {
  let at = 0;
  return linkify(text).map((piece) => {
    const key = at;
    at += piece.text.length;
    if (!("href" in piece)) return <span key={key}>{piece.text}</span>;
    return (
      <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer">
        {piece.text}
      </a>
    );
  });
}

function Messages() {
  const { chat, unsentChat, you } = useSession();
  const config = useConfig();
  const list = useRef<HTMLDivElement>(null);
  const clock = timeFormat(config, { hour: "2-digit", minute: "2-digit" });
  const count = chat.length + unsentChat.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows the count.
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count]);

  return (
    <div
      ref={list}
      className="room-messages"
      role="log"
      aria-label={gettext("Messages")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key.
      tabIndex={0}
    >
      <ol>
        {count === 0 && <li className="nothing">{gettext("Nothing has been written yet.")}</li>}
        {chat.map((message) => (
          <li key={message.id} className={message.person === you?.person ? "mine" : undefined}>
            <p className="who">
              <b>{message.name}</b>
              {message.role !== "student" && <i>{ROLE_NAMES[message.role]}</i>}
              <time dateTime={message.sent_at}>{clock.format(new Date(message.sent_at))}</time>
            </p>
            <p className="text">
              <Linked text={message.text} />
            </p>
          </li>
        ))}
        {unsentChat.map((message) => (
          <li key={message.id} className="mine waiting">
            <p className="who">
              <i>{gettext("sending…")}</i>
            </p>
            <p className="text">{message.text}</p>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Matches a visible character, by the same rule as on the server. */
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800]/u;

export function Chat() {
  const { session } = useRoom();
  const [text, setText] = useState("");

  const send = () => {
    const said = text.trim();
    if (!VISIBLE.test(said)) return;
    session.sendChat(said);
    setText("");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const typed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="room-chat">
      <Messages />
      <form onSubmit={submit}>
        <textarea
          value={text}
          rows={1}
          maxLength={CHAT_LIMIT}
          aria-label={gettext("Write a message")}
          placeholder={gettext("Write a message")}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={typed}
        />
        <Button type="submit" icon="send" look="primary" label={gettext("Send")} />
      </form>
    </div>
  );
}
