import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { gettext } from "../../shared/gettext";
import { isComposing } from "../../shared/keyboard";
import { createTimeFormat } from "../../shared/time";
import { linkify } from "../linkify";
import { MAX_CHAT_LENGTH, type Role } from "../protocol";
import { Button } from "./components";
import { useConfig, useRoom, useSession } from "./context";

export const ROLE_NAMES: Record<Role, string> = {
  tutor: gettext("Tutor"),
  student: gettext("Student"),
  guest: gettext("Guest"),
};

/** React escapes text, so a message cannot inject markup. */
function LinkedText({ text }: { text: string }) {
  let at = 0;
  return linkify(text).map((part) => {
    const key = at;
    at += part.text.length;
    if (!("href" in part)) return <span key={key}>{part.text}</span>;
    return (
      <a key={key} href={part.href} target="_blank" rel="noopener noreferrer">
        {part.text}
      </a>
    );
  });
}

export function Messages() {
  const { chat, unsentChat, you } = useSession();
  const config = useConfig();
  const list = useRef<HTMLDivElement>(null);
  const clock = createTimeFormat(config, { hour: "2-digit", minute: "2-digit" });
  const count = chat.length + unsentChat.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the count changes.
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count]);

  return (
    <div
      ref={list}
      className="room-messages"
      role="log"
      aria-label={gettext("Messages")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard.
      tabIndex={0}
    >
      <ol>
        {count === 0 && <li className="no-messages">{gettext("No messages yet.")}</li>}
        {chat.map((message) => (
          <li key={message.id} className={message.person === you?.person ? "mine" : undefined}>
            <p className="message-meta">
              <b>{message.name}</b>
              {message.role !== "student" && <i>{ROLE_NAMES[message.role]}</i>}
              <time dateTime={message.sent_at}>{clock.format(new Date(message.sent_at))}</time>
            </p>
            <p className="text">
              <LinkedText text={message.text} />
            </p>
          </li>
        ))}
        {unsentChat.map((message) => (
          <li key={message.id} className="mine waiting">
            <p className="message-meta">
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
const VISIBLE_CHARACTER =
  /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800]/u;

export function Chat() {
  const { session } = useRoom();
  const [text, setText] = useState("");

  const send = () => {
    const message = text.trim();
    if (!VISIBLE_CHARACTER.test(message)) return;
    session.sendChat(message);
    setText("");
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event.nativeEvent)) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="room-chat">
      <Messages />
      <form onSubmit={onSubmit}>
        <textarea
          value={text}
          rows={1}
          maxLength={MAX_CHAT_LENGTH}
          aria-label={gettext("Write a message")}
          placeholder={gettext("Write a message")}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Button type="submit" icon="send" variant="primary" label={gettext("Send")} />
      </form>
    </div>
  );
}
