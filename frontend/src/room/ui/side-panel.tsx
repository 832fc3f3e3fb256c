import { type KeyboardEvent, useId, useRef } from "react";
import { gettext } from "../../shared/gettext";
import type { Peer } from "../protocol";
import { Chat } from "./chat";
import { useSession } from "./context";
import { Notes } from "./notes";
import { PeoplePanel } from "./people-panel";

export type Tab = "chat" | "people" | "notes";
const TAB_NAMES: Record<Tab, string> = {
  chat: gettext("Chat"),
  people: gettext("People"),
  notes: gettext("Notes"),
};
const STEP_BY_KEY: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

interface SidePanelProps {
  own: Peer | null;
  tab: Tab;
  onTab: (tab: Tab) => void;
}

export function SidePanel({ own, tab, onTab }: SidePanelProps) {
  const { you, lobby } = useSession();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const tabs: Tab[] = you?.role === "tutor" ? ["chat", "people", "notes"] : ["chat", "people"];

  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEP_BY_KEY[event.key];
    if (!step) return;
    const index = (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
    onTab(tabs[index] ?? "chat");
    list.current?.querySelectorAll("button")[index]?.focus();
  };
  return (
    <div className="room-panel">
      <div
        ref={list}
        role="tablist"
        aria-label={gettext("Chat and people")}
        className="room-tabs"
        onKeyDown={onKeyDown}
      >
        {tabs.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === tab}
            aria-controls={`${id}-panel`}
            tabIndex={name === tab ? 0 : -1}
            onClick={() => onTab(name)}
          >
            {TAB_NAMES[name]}
            {name === "people" && lobby.length > 0 && <b className="room-badge">{lobby.length}</b>}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${tab}`}
        className="room-tabpanel"
      >
        {tab === "chat" && <Chat />}
        {tab === "people" && <PeoplePanel own={own} />}
        {tab === "notes" && <Notes />}
      </div>
    </div>
  );
}
