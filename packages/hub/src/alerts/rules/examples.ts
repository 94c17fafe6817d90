// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions in texts are the subject.
/** Rules to begin with, as YAML for orrery.yaml: what `orrery rules examples` prints and docs/rules.md shows. */
export const RULE_EXAMPLES = `rules:
  # A deploy that did not go through, or was taken back.
  - name: deploy-failed
    on: event
    when: >-
      event.type in ["deploy.failed", "deploy.rolled_back"] ||
      (event.type == "deploy.finished" && event.data.status in ["failed", "rolled_back"])
    effect:
      kind: alert
      severity: critical
      title: 'Deploy of \${event.project} failed: \${event.title}'
      description: 'Version \${event.data.version} at \${event.at}.'
      recommendation: Look at the log of the deploy; roll back when the old version is not running.
      resolveAfter: 1h

  # A backup, a nightly job or the renewal of a certificate that failed. It is over when a day has passed without another failure.
  - name: job-failed
    on: event
    when: event.type.matches("^(backup|certificate|cron|job)[.](failed|missed)$")
    effect:
      kind: alert
      severity: warning
      title: '\${event.project}: \${event.type} (\${event.data.?name.orValue(event.title)})'
      recommendation: Run it again by hand, then find out why it failed.
      resolveAfter: 26h

  # A scan that found something critical, in any project. Scans come once a day.
  - name: critical-vulnerabilities
    on: sample
    when: sample.key == "security.vulns_critical" && sample.value > 0
    effect:
      kind: alert
      severity: critical
      category: security
      title: '\${sample.project} has critical vulnerabilities'
      description: 'The newest scan counts \${sample.value}.'
      recommendation: Update what the scan names, then scan again.
      resolveAfter: 26h

  # AI calls of one day that cost more than planned.
  - name: ai-spend
    on: sample
    when: sample.key == "ai.cost_usd_24h" && sample.value > 50
    cooldown: 1h
    effect:
      kind: alert
      severity: warning
      category: cost
      title: '\${sample.project} spent \${sample.value} USD on AI in a day'
      recommendation: See which model and which feature it goes to; set a budget.

  # An administrator who signs in from a country where none of yours is.
  - name: admin-sign-in-abroad
    on: event
    when: >-
      event.type == "auth.signed_in" && event.data.role == "admin" &&
      !(event.data.country in ["AT", "CH", "DE"])
    effect:
      kind: alert
      severity: warning
      category: security
      title: 'An administrator of \${event.project} signed in from \${event.data.country}'
      description: '\${event.data.?user.orValue("Somebody")}, at \${event.at}.'
      recommendation: Ask them; end their sessions when it was not them.
      resolveAfter: 12h
`;
