import type { usePutSearch } from '../ui/usePutSearch.ts';
import type { readEcosystem } from '../views.ts';
import { type Chosen, FilterMenu } from './FilterMenu.tsx';
import { FindBox } from './FindBox.tsx';
import type { Model } from './model.ts';
import { textOfSet } from './useMapView.ts';

type Props = {
  model: Model;
  search: ReturnType<typeof readEcosystem>;
  chosen: Chosen;
  strength: number;
  found: ReadonlySet<string> | undefined;
  put: ReturnType<typeof usePutSearch>;
  /** Another text is looked for. */
  onFind: () => void;
  /** On to the next that was found. */
  onFly: () => void;
};

/** What narrows the map: find, hide, and filters by facet. */
export function Toolbar({ model, search, chosen, strength, found, put, onFind, onFly }: Props) {
  return (
    <>
      <FindBox
        label="Find projects"
        kind="find"
        model={model}
        value={search.find ?? ''}
        onChange={(text) => {
          onFind();
          put({ find: text || undefined });
        }}
        onEnter={onFly}
        note={found && `${found.size} found`}
      />
      <FindBox
        label="Hide projects"
        kind="hide"
        model={model}
        value={search.hide ?? ''}
        onChange={(text) => put({ hide: text || undefined })}
      />
      <FilterMenu
        model={model}
        chosen={chosen}
        strength={strength}
        onChosen={(facet, values) => put({ [facet]: textOfSet(values) })}
        onStrength={(value) => put({ strength: value > 0 ? String(value) : undefined })}
        onClear={() =>
          put({
            status: undefined,
            domain: undefined,
            team: undefined,
            tag: undefined,
            kind: undefined,
            strength: undefined,
          })
        }
      />
    </>
  );
}
