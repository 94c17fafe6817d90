import { Button, Modal, TextInput } from '@mantine/core';
import type { ProjectAdded, ProjectInput } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import { OneTime } from '../ui/OneTime.tsx';
import { Snippets } from '../ui/Snippet.tsx';
import classes from './AddProject.module.css';
import { sdkSnippets } from './snippets.ts';

/** By its URL alone: look first (nothing is stored), then add. */
export function AddProject({ onClose }: { onClose: () => void }) {
  const [input, setInput] = useState<ProjectInput>();
  const look = useMutation({
    mutationFn: (body: ProjectInput) => api.addProject(body, true),
    onSuccess: (_, body) => setInput(body),
  });
  const add = useMutation({
    mutationFn: (body: ProjectInput) => api.addProject(body, false),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  const added = add.data;
  const found = look.data;
  const title = added ? `${added.project.name} is watched` : 'Add a project';
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={!added?.ingestKey}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {added ? (
        <Added added={added} onClose={onClose} />
      ) : found && input ? (
        <Preview
          found={found}
          adding={add.isPending}
          error={add.error}
          onBack={() => {
            look.reset();
            add.reset();
          }}
          onAdd={() => add.mutate(input)}
        />
      ) : (
        <Form input={input} looking={look.isPending} error={look.error} onLook={(body) => look.mutate(body)} />
      )}
    </Modal>
  );
}

type FormProps = {
  input: ProjectInput | undefined;
  looking: boolean;
  error: Error | null;
  onLook: (body: ProjectInput) => void;
};

function Form({ input, looking, error, onLook }: FormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const url = text('hubUrl');
    onLook({
      hubUrl: /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`,
      ...(text('apiKey') ? { apiKey: text('apiKey') } : {}),
      ...(text('slug') ? { slug: text('slug') } : {}),
      ...(text('name') ? { name: text('name') } : {}),
    });
  };
  return (
    <form className={classes.stack} onSubmit={submit}>
      {error && <Note tone="bad">{error.message}</Note>}
      <TextInput
        label="Address of the product"
        name="hubUrl"
        placeholder="https://shop.example.com"
        description="The hub looks at /api/capabilities and /api/health there. A plain web page will do, too."
        required
        data-autofocus
        defaultValue={input?.hubUrl}
        error={fieldReason(error, 'hubUrl')}
      />
      <TextInput
        label="Its API key"
        name="apiKey"
        description="What the hub presents as x-api-key to read metrics and logs. Can be left out."
        autoComplete="off"
        defaultValue={input?.apiKey}
        error={fieldReason(error, 'apiKey')}
      />
      <details className={classes.more}>
        <summary>Name it yourself</summary>
        <div className={classes.pair}>
          <TextInput label="Name" name="name" defaultValue={input?.name} error={fieldReason(error, 'name')} />
          <TextInput
            label="Slug"
            name="slug"
            description="Stands in URLs; cannot be changed later."
            defaultValue={input?.slug}
            error={fieldReason(error, 'slug')}
          />
        </div>
      </details>
      <div className={classes.buttons}>
        <Button type="submit" variant="filled" loading={looking}>
          Look what is there
        </Button>
      </div>
    </form>
  );
}

type PreviewProps = {
  found: ProjectAdded;
  adding: boolean;
  error: Error | null;
  onBack: () => void;
  onAdd: () => void;
};

function Preview({ found, adding, error, onBack, onAdd }: PreviewProps) {
  const { declaration } = found;
  return (
    <div className={classes.stack}>
      <p className={classes.hint}>This is what was found. Nothing is stored yet.</p>
      {error && <Note tone="bad">{error.message}</Note>}
      {found.warnings.map((warning) => (
        <Note key={warning} tone="warn">
          {warning}
        </Note>
      ))}
      <dl className={classes.facts}>
        <dt>Name</dt>
        <dd>{declaration.name}</dd>
        <dt>Slug</dt>
        <dd>
          <code>{declaration.slug}</code>
        </dd>
        <dt>Address</dt>
        <dd>{declaration.hubUrl}</dd>
        <dt>Discovered</dt>
        <dd>{found.discovered.length > 0 ? found.discovered.join(', ') : 'nothing beyond the address'}</dd>
        <dt>Will be probed</dt>
        <dd>
          <ul>
            {declaration.services.flatMap((service) =>
              service.probes.map((probe) => (
                <li key={`${service.name} ${JSON.stringify(probe)}`}>
                  {service.name}: {probe.kind} every {probe.interval}
                </li>
              )),
            )}
            {declaration.services.length === 0 && <li>nothing</li>}
          </ul>
        </dd>
      </dl>
      <div className={classes.buttons}>
        <Button onClick={onBack}>Back</Button>
        <Button variant="filled" onClick={onAdd} loading={adding}>
          Add {declaration.name}
        </Button>
      </div>
    </div>
  );
}

function Added({ added, onClose }: { added: ProjectAdded; onClose: () => void }) {
  const { project, ingestKey } = added;
  return (
    <div className={classes.stack}>
      {ingestKey && (
        <>
          <Note tone="warn">
            <strong>Copy this key now; it is shown only once.</strong> The product presents it to push events, metrics
            and presence.
          </Note>
          <OneTime label="Ingest key" value={ingestKey} />
          <Snippets
            label="The SDK by framework"
            choices={sdkSnippets({ hub: location.origin, slug: project.slug, key: ingestKey })}
          />
        </>
      )}
      <div className={classes.buttons}>
        <Button onClick={onClose}>Done</Button>
        <Button
          variant="filled"
          renderRoot={(props) => <Link to="/projects/$slug" params={{ slug: project.slug }} {...props} />}
        >
          Open {project.name}
        </Button>
      </div>
    </div>
  );
}
