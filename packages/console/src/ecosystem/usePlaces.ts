import { useCallback, useMemo, useRef, useState } from 'react';
import { useMe } from '../access/me.ts';
import { forgetPlaces, recall, remember } from './memory.ts';
import type { Model } from './model.ts';
import { type Places, type Point, settle } from './settle.ts';

/** Where everything stands, for this person in this browser: what has a place keeps it, what is new settles beside its neighbours. */
export function usePlaces(model: Model | undefined): {
  places: Places;
  move: (moved: ReadonlyMap<string, Point>) => void;
  again: () => void;
} {
  const person = useMe()?.id ?? 'nobody';
  const known = useRef<{ person: string; places: Map<string, Point> }>(undefined);
  if (known.current?.person !== person) known.current = { person, places: recall(person) };
  const [turn, setTurn] = useState(0);
  const places = useMemo(() => {
    void turn;
    if (!model || !known.current) return new Map<string, Point>();
    const settled = settle(model, known.current.places);
    const isNew = [...settled].some(([slug, { x, y }]) => {
      const before = known.current?.places.get(slug);
      return before?.x !== x || before.y !== y;
    });
    if (isNew) {
      // Those that are gone keep their place: they may come back.
      known.current.places = new Map([...known.current.places, ...settled]);
      remember(known.current.person, known.current.places);
    }
    return settled;
  }, [model, turn]);
  const move = useCallback((moved: ReadonlyMap<string, Point>) => {
    if (!known.current) return;
    known.current.places = new Map([...known.current.places, ...moved]);
    remember(known.current.person, known.current.places);
    setTurn((old) => old + 1);
  }, []);
  const again = useCallback(() => {
    if (!known.current) return;
    forgetPlaces(known.current.person);
    known.current.places = new Map();
    setTurn((old) => old + 1);
  }, []);
  return { places, move, again };
}
