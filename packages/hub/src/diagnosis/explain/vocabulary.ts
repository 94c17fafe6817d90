const listed = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/).filter((word) => word !== ''));

/** Words for states of machines: there is no verb among them by which one could be told to do something, and no value of any kind. */
export const STATES = listed(`
  abort aborted address allocation an at available backend bad before busy by cache certificate channel client closed cluster code
  conflict connection connections constraint container core corrupt cpu crash crashed critical database deadlock deadline degraded
  delayed denied dependency deploy detected disk dns down duplicate duration empty end error errors exceeded exception exhausted
  expired fail failed failing failure fatal file files forbidden found from full gateway handshake heap high host hung in index
  input instance internal invalid io is job json key lag latency leak left limit limited list lock locked lost low malformed
  maximum memory message metric migration missing module network no node not null object of offline old on oom open operation out
  over overload overloaded packet page panic parse partition pending permission pool port postgres primary process protocol proxy
  query queue quota rate reached redis refused rejected remaining replica request requests reset resource response restarting
  retries retry retrying row rows saturated schema server service session signal size slow slots socket space sql stack stale
  statement status stream syntax system table terminated thread threads throttled tls timed timeout timeouts to token too
  transaction truncated unable unauthorized unavailable undefined unexpected unhealthy unknown unreachable upstream usage value
  version waiting warning was with worker write
`);

/** Words with which one says what happened, when, and what follows from what: what an explanation is made of, and no order is. */
const TELLING = listed(`
  a about above across after again against all almost already also although among an and another any anything else elsewhere appear appeared appears are
  around as at be became because become becomes been before began begin begins behind being below between both brief briefly but
  by came can cannot cascade cascaded cascading cause caused causes causing certain change changed changes chain check checks
  clear clearly close coincide coincided coincides come comes common concurrent confidence confirm confirmed confirms connected
  consecutive consequence consistent correlate correlated correlates could data decrease decreased degradation depend dependencies
  dependent depends detected did differ directly does drop dropped due during each earlier earliest effect either enough
  especially even evidence every exceeded except expected explain explained explains explanation factor fail failures fall fell
  few figure figures first five follow followed following follows for four frequent from further gave get given gives had half has
  have having high higher highest hours however if immediately impact impacted in increase increased increases increasing indicate
  indicated indicates indicating initial initially insufficient instead into is it its itself jump jumped just kind kinds known
  large later latest lead leads least led less level levels like likelier likeliest likely line lines little log logs long low
  lower made main mainly makes many match matched matches may mean means might minute minutes missing more most mostly much
  multiple nearly needed needs neither new next nine no none nor normal not nothing now number observed occur occurred of often on
  once one only onset or origin originate originated originates other others out over overall own part partly parts pattern peak
  percent perhaps persist persisted point pointed points possible possibly precede preceded precedes present presumably pressure
  previous prior probable probably probe probes problem problems process produced propagate propagated propagates ranked rather
  reached reason recent recently regression related relation remained report reported reports responses rest result resulted
  results reveal rise rises rising root rose roughly running same saturated saturation saw say says second seconds see seem seemed
  seems seen separate several severe severity share sharp sharply shift shifted short shortly showed shown shows sign signal
  signs similar simultaneous simultaneously since single six small so some something soon source spike spiked spread start started
  starting starts state states stayed steadily steady still stop stopped strong strongly subsequent subsequently such sudden
  suddenly suggest suggested suggests support supported supports suspect symptom symptoms system ten than that the their them then
  there therefore these they third this those though three through thus time times timeline timing together too took toward traffic
  trigger triggered trouble two under unlikely until up upstream downstream usual value values very via was way weak well were
  what when where whereas whether which while whole whose why wide widespread will with within without word words would yet zero
  minor major moment moments alert alerts incident incidents fails deploys deployed deployment configuration changepoint template
  templates statements metrics services errors timeouts resets leaks unresponsive deadlocks replicas queries pools attack hostile
  requests certificates dns hub accepting answering answer answers answered responding responded responds respond lost losing
  exhausting exhaustion waits blocked growing grew grows heavy load loads overloads stalls stalled
`);

/** Whether a word may stand in an explanation. */
export const mayStand = (word: string): boolean => STATES.has(word) || TELLING.has(word) || /^\d{1,6}$/.test(word);
