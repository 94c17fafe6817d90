import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from 'react';

export type MenuChoice = { name: string; icon?: ReactNode; chosen?: boolean; onClick: () => void };
export type MenuProps = {
  /** The button that opens it. */
  target: ReactElement<Record<string, unknown>>;
  /** What stands above the choices. */
  title?: ReactNode;
  choices: readonly MenuChoice[];
};

const part = () => import('./OpenMenu.tsx');
const OpenMenu = lazy(part);

/** A button with a menu. What draws and places the menu weighs more than most pages, so it is fetched when somebody reaches for the button. */
export function MenuButton(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const fetchPart = () => void part().catch(() => undefined);
  const bare = cloneElement(props.target, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onPointerEnter: fetchPart,
    onFocus: fetchPart,
    onClick: () => setWanted(true),
  });
  if (!wanted) return bare;
  return (
    <Suspense fallback={bare}>
      <OpenMenu {...props} />
    </Suspense>
  );
}
