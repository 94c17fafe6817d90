/** Of a request what is judged before its body is read; raw routes have no Request, whose making would be a large part of a call. */
export type Asking = Pick<Request, 'method' | 'url' | 'headers'>;

/** An answered request as it came; `target` is the address as the client wrote it, `route` the template. */
export type SeenRequest = {
  method: string;
  route: string;
  status: number;
  target: string;
  ip: string;
  header(name: string): string | undefined;
};
