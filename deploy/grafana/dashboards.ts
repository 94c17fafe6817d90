import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StatusHistoryBuilder } from '@grafana/grafana-foundation-sdk/statushistory';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** What the dashboards are made of: `node deploy/grafana/build.ts` writes them, and a test asks a real Prometheus each query. */
const SOURCE = { type: 'prometheus', uid: '$datasource' };
const PROJECT = 'project=~"$project"';

type Step = { value: number | null; color: string };
const steps = (...list: Step[]) => new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(list);
const RISK = steps({ value: null, color: 'green' }, { value: 0.4, color: 'yellow' }, { value: 0.7, color: 'red' });
const AGE = steps(
  { value: null, color: 'green' },
  { value: 86_400, color: 'yellow' },
  { value: 604_800, color: 'red' },
);
const NONE_IS_WELL = steps({ value: null, color: 'green' }, { value: 1, color: 'red' });

const query = (expr: string, legend = '') => new DataqueryBuilder().expr(expr).legendFormat(legend).datasource(SOURCE);
const instant = (expr: string, legend = '') => query(expr, legend).instant();

const stat = (title: string, expr: string, thresholds = steps({ value: null, color: 'text' })) =>
  new StatBuilder().title(title).datasource(SOURCE).withTarget(instant(expr)).thresholds(thresholds).height(4).span(4);

const lines = (title: string, unit: string, ...targets: [expr: string, legend: string][]) => {
  const panel = new TimeseriesBuilder().title(title).datasource(SOURCE).unit(unit).height(8).span(12);
  for (const [expr, legend] of targets) panel.withTarget(query(expr, legend));
  return panel;
};

const history = (title: string, expr: string, thresholds = RISK) =>
  new StatusHistoryBuilder()
    .title(title)
    .datasource(SOURCE)
    .withTarget(query(expr, '{{project}}'))
    .thresholds(thresholds)
    .height(10)
    .span(24);

const table = (title: string, unit: string, expr: string, thresholds = AGE) =>
  new TableBuilder()
    .title(title)
    .datasource(SOURCE)
    .unit(unit)
    .thresholds(thresholds)
    .withTarget(instant(expr).format(PromQueryFormat.Table))
    .height(9)
    .span(12);

const board = (title: string, uid: string) =>
  new DashboardBuilder(title)
    .uid(uid)
    .tags(['orrery'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));

const ecosystem = () =>
  board('Orrery: ecosystem', 'orrery-ecosystem')
    .withVariable(
      new QueryVariableBuilder('project')
        .label('Project')
        .datasource(SOURCE)
        .query('label_values(orrery_project_up, project)')
        .multi(true)
        .includeAll(true)
        .allValue('.*'),
    )
    .withRow(new RowBuilder('Now'))
    .withPanel(stat('Online', 'sum(orrery_projects{status="online"}) or vector(0)'))
    .withPanel(
      stat(
        'Degraded',
        'sum(orrery_projects{status="degraded"}) or vector(0)',
        steps({ value: null, color: 'green' }, { value: 1, color: 'yellow' }),
      ),
    )
    .withPanel(stat('Offline', 'sum(orrery_projects{status="offline"}) or vector(0)', NONE_IS_WELL))
    .withPanel(stat('Open alerts', 'sum(orrery_alerts{status="open"}) or vector(0)', NONE_IS_WELL))
    .withPanel(stat('Open incidents', 'sum(orrery_incidents) or vector(0)', NONE_IS_WELL))
    .withPanel(stat('Highest risk', `max(orrery_project_risk{${PROJECT}})`, RISK))
    .withRow(new RowBuilder('Risk'))
    .withPanel(history('Risk heatmap', `orrery_project_risk{${PROJECT}}`))
    .withPanel(
      lines('Risk factors, mean', 'percentunit', [
        `avg by (factor) (orrery_project_risk_factor{${PROJECT}})`,
        '{{factor}}',
      ]),
    )
    .withPanel(lines('Projects by state', 'short', ['sum by (status) (orrery_projects)', '{{status}}']))
    .withRow(new RowBuilder('Sweeps'))
    .withPanel(
      table(
        'Last security scan',
        's',
        `time() - orrery_project_last_sweep_timestamp_seconds{kind="security",${PROJECT}}`,
      ),
    )
    .withPanel(
      table('Last audit', 's', `time() - orrery_project_last_sweep_timestamp_seconds{kind="audit",${PROJECT}}`),
    )
    .withPanel(lines('Failed audits', 'short', [`orrery_project_audits_failed{${PROJECT}}`, '{{project}}']))
    .withPanel(
      lines('Critical vulnerabilities', 'short', [
        `orrery_project_vulnerabilities_critical{${PROJECT}}`,
        '{{project}}',
      ]),
    )
    .withRow(new RowBuilder('Presence'))
    .withPanel(
      history(
        'Up',
        `orrery_project_up{${PROJECT}}`,
        steps({ value: null, color: 'red' }, { value: 0.5, color: 'yellow' }, { value: 1, color: 'green' }),
      ),
    )
    .withPanel(
      table(
        'Silent for',
        's',
        `time() - orrery_project_last_seen_timestamp_seconds{${PROJECT}}`,
        steps({ value: null, color: 'green' }, { value: 300, color: 'yellow' }, { value: 600, color: 'red' }),
      ),
    );

const hub = () =>
  board('Orrery: hub', 'orrery-hub')
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        'Hubs that lead',
        'sum(orrery_leading)',
        steps({ value: null, color: 'red' }, { value: 1, color: 'green' }, { value: 2, color: 'red' }),
      ),
    )
    .withPanel(stat('Checks that wait', 'sum(orrery_checks_waiting)', NONE_IS_WELL))
    .withPanel(stat('Notifications that wait', 'sum(orrery_deliveries_pending) or vector(0)', NONE_IS_WELL))
    .withPanel(stat('Event streams', 'sum(orrery_event_streams)'))
    .withPanel(stat('Version', 'max by (version) (orrery_build_info)'))
    .withPanel(stat('Up since', 'time() - max(orrery_process_start_time_seconds)').unit('s'))
    .withRow(new RowBuilder('Requests'))
    .withPanel(
      lines('Requests a second', 'reqps', [
        'sum by (status) (rate(orrery_http_request_duration_seconds_count[$__rate_interval]))',
        '{{status}}',
      ]),
    )
    .withPanel(
      lines(
        'Time to answer',
        's',
        [
          'histogram_quantile(0.5, sum by (le) (rate(orrery_http_request_duration_seconds_bucket[$__rate_interval])))',
          'p50',
        ],
        [
          'histogram_quantile(0.99, sum by (le) (rate(orrery_http_request_duration_seconds_bucket[$__rate_interval])))',
          'p99',
        ],
      ),
    )
    .withRow(new RowBuilder('Probes'))
    .withPanel(lines('Probes by state', 'short', ['sum by (status) (orrery_probes)', '{{status}}']))
    .withPanel(
      lines('How late checks begin', 's', [
        'histogram_quantile(0.95, sum by (le) (rate(orrery_probe_lag_seconds_bucket[$__rate_interval])))',
        'p95',
      ]),
    )
    .withPanel(
      lines('Refused at the door', 'cps', [
        'sum by (project, reason) (rate(orrery_refusals_total[$__rate_interval])) or vector(0)',
        '{{project}} {{reason}}',
      ]),
    )
    .withPanel(
      lines('Notifications', 'cps', [
        'sum by (channel, outcome) (rate(orrery_deliveries_total[$__rate_interval])) or vector(0)',
        '{{channel}} {{outcome}}',
      ]),
    )
    .withRow(new RowBuilder('Work'))
    .withPanel(lines('Job runs', 'cps', ['sum by (job) (rate(orrery_job_runs_total[$__rate_interval]))', '{{job}}']))
    .withPanel(
      lines('Job failures', 'cps', ['sum by (job) (rate(orrery_job_failures_total[$__rate_interval]))', '{{job}}']),
    )
    .withPanel(
      lines(
        'Memory',
        'bytes',
        ['orrery_process_resident_memory_bytes', 'resident'],
        ['orrery_nodejs_heap_size_used_bytes', 'heap'],
      ),
    )
    .withPanel(
      lines(
        'CPU and event loop',
        's',
        ['rate(orrery_process_cpu_seconds_total[$__rate_interval])', 'CPU'],
        ['orrery_nodejs_eventloop_lag_p99_seconds', 'loop p99'],
      ),
    );

/** Every dashboard by the name of its file. */
export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  'ecosystem.json': () => ecosystem().build(),
  'hub.json': () => hub().build(),
};

export const toJson = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
