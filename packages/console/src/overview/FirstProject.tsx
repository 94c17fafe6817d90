import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { addSnippets, sdkSnippets } from '../projects/snippets.ts';
import { Empty } from '../ui/Empty.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippets } from '../ui/Snippet.tsx';
import classes from './Overview.module.css';

/** The hub with nothing in it: the two things to do, ready to paste. */
export function FirstProject() {
  const may = useMay();
  const facts = { hub: location.origin };
  return (
    <div className={classes.first}>
      <Panel title="1 · Tell the hub about a product" flush>
        <Empty
          title="Nothing is watched yet"
          action={
            may('configure') ? (
              <Button variant="filled" renderRoot={(props) => <Link to="/projects" search={{ add: '1' }} {...props} />}>
                Add a project by its URL
              </Button>
            ) : undefined
          }
        >
          <p>
            A project is a product that the hub watches. Its address is enough: the hub looks at{' '}
            <code>/api/capabilities</code> and <code>/api/health</code> and shows what it found before anything is
            stored. Any web page will do to begin with.
          </p>
          <Snippets label="Ways to add a project" choices={addSnippets(facts)} />
        </Empty>
      </Panel>
      <Panel title="2 · Let the product tell more" flush>
        <Empty title="Health checks, metrics, logs and traces, with the SDK">
          <Snippets label="The SDK by framework" choices={sdkSnippets(facts)} />
        </Empty>
      </Panel>
    </div>
  );
}
