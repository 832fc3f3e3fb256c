import { Component, type ReactNode } from "react";
import { useWords } from "./context";
import { Button } from "./parts";

function BoardFailure({ onReload }: { onReload: () => void }) {
  const t = useWords();
  return (
    <div className="room-board-failure" role="alert">
      <h2>{t("boardFailedTitle")}</h2>
      <p>{t("boardFailedText")}</p>
      <Button look="primary" onClick={onReload}>
        {t("boardReload")}
      </Button>
    </div>
  );
}

interface BoardBoundaryProps {
  /** Called at each attempt, so that a reload can begin with something new. */
  children: (attempt: number) => ReactNode;
}

interface BoardBoundaryState {
  failed: boolean;
  attempt: number;
}

/** Keeps whatever is thrown while the board is shown from taking the call and the chat with it. */
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
