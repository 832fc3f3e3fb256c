import { type ReactNode, useEffect, useId, useRef } from "react";
import { gettext } from "../../shared/gettext";
import { Icon, type IconName } from "./icons";

interface ButtonProps {
  children?: ReactNode;
  variant?: "primary" | "danger" | "quiet";
  icon?: IconName;
  /** Accessible name and tooltip of a button that shows only an icon. */
  label?: string;
  pressed?: boolean;
  expanded?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  badge?: number;
  className?: string;
  onClick?: () => void;
}

export function Button(props: ButtonProps) {
  const { children, variant, icon, label, pressed, expanded, badge } = props;
  const names = ["btn", variant, icon && !children && "icon", props.className];
  return (
    <button
      type={props.type === "submit" ? "submit" : "button"}
      className={names.filter(Boolean).join(" ")}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
      {badge ? <b className="room-badge">{badge > 99 ? "99+" : badge}</b> : null}
    </button>
  );
}

interface ProblemNoticeProps {
  text: string;
  onDismiss: () => void;
}

export function ProblemNotice({ text, onDismiss }: ProblemNoticeProps) {
  return (
    <div className="notice error" role="alert">
      <span>{text}</span>
      <Button icon="close" variant="quiet" label={gettext("Dismiss")} onClick={onDismiss} />
    </div>
  );
}

interface DialogProps {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Buttons in the footer, the primary one last. */
  actions?: ReactNode;
}

/** The native modal dialog, which traps focus, closes on Escape and restores focus. */
export function Dialog({ title, wide, onClose, children, actions }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className={wide ? "room-dialog wide" : "room-dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        // A file input's own `cancel` bubbles up here.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      // Keep keys typed in a dialog from triggering the board's shortcuts.
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        <Button icon="close" variant="quiet" label={gettext("Close")} onClick={onClose} />
      </header>
      <div className="room-dialog-body">{children}</div>
      {actions && <footer>{actions}</footer>}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{gettext("Cancel")}</Button>
          <Button
            variant="danger"
            onClick={() => {
              onConfirm();
              onClose();
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  );
}

export function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label className="field compact">
      <span>{label}</span>
      {children}
    </label>
  );
}

interface RadioGroupProps<V extends string> {
  legend: string;
  name: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onChoose: (value: V) => void;
}

export function RadioGroup<V extends string>({
  legend,
  name,
  value,
  options,
  onChoose,
}: RadioGroupProps<V>) {
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
