import { expect, test } from 'vitest';
import { nextCredentials, usersText } from './users.ts';

let made = 0;
const newPassword = () => `password-${made++}`;
const usersIn = (text: string) => [...text.matchAll(/user: "([^"]+)"/g)].map(([, user]) => user);
const inboxesIn = (text: string) => [...text.matchAll(/"(_INBOX[^"]*)"/g)].map(([, inbox]) => inbox);

test.each(['orrery', 'hub'])('a project that is called %s is neither the hub nor hears it', (slug) => {
  const projects = [{ slug }, { slug: 'veria' }];
  const text = usersText(projects, nextCredentials(undefined, projects, newPassword));
  expect(new Set(usersIn(text)).size).toBe(3);
  expect(new Set(inboxesIn(text)).size).toBe(3);
});

test('known credentials stay, a second one is added and the first taken away', () => {
  const projects = [{ slug: 'veria' }, { slug: 'performia' }];
  const first = nextCredentials(undefined, projects, newPassword);
  expect(nextCredentials(first, projects, newPassword)).toEqual(first);
  const both = nextCredentials(first, projects, newPassword, { rotate: 'veria' });
  expect(both.projects.veria?.map(({ user }) => user)).toEqual(['veria', 'veria.2']);
  expect(both.projects.performia).toEqual(first.projects.performia);
  const last = nextCredentials(both, projects, newPassword, { revoke: 'veria' });
  expect(last.projects.veria).toEqual(both.projects.veria?.slice(-1));
  expect(Object.keys(nextCredentials(last, projects.slice(1), newPassword).projects)).toEqual(['performia']);
});
