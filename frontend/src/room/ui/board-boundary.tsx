import { Component, type ReactNode } from "react";
import { gettext } from "../../shared/gettext";
import { Button } from "./components";

function BoardFailure({ onReload }: { onReload: () => void }) {
  return (
    <div className="room-board-failure" role="alert">
      <h2>{gettext("The board can’t be displayed")}</h2>
      <p>
        {gettext(
          "The call and chat still work, and nothing on the board is lost. If reloading doesn’t help, the tutor can restore an earlier version from the history.",
        )}
      </p>
      <Button variant="primary" onClick={onReload}>
        {gettext("Reload the board")}
      </Button>
    </div>
  );
}

interface BoardBoundaryProps {
  /** Called for each attempt, so that a retry can load afresh. */
  children: (attempt: number) => ReactNode;
}

interface BoardBoundaryState {
  failed: boolean;
  attempt: number;
}

/** Error boundary that keeps an error of the board from unmounting the call and the chat. */
export class BoardBoundary extends Component<BoardBoundaryProps, BoardBoundaryState> {
  override state: BoardBoundaryState = { failed: false, attempt: 0 };

  static getDerivedStateFromError(): Partial<BoardBoundaryState> {
    return { failed: true };
  }

  readonly #reload = (): void => {
    this.setState(({ attempt }) => ({ failed: false, attempt: attempt + 1 }));
  };

  override render(): ReactNode {
    const { failed, attempt } = this.state;
    return failed ? <BoardFailure onReload={this.#reload} /> : this.props.children(attempt);
  }
}
