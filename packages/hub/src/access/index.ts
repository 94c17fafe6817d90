export { type Access, createAccess } from './access.ts';
export { type AuditEntry, audit, verifyAudit } from './audit.ts';
export { verifyExport } from './auditExport.ts';
export { allow, authorize, authorizeWhole } from './authorize.ts';
export { anonymousCaller, type Caller, projectCaller, systemCaller } from './caller.ts';
export { checkOrigin } from './origin.ts';
export { accessRoutes } from './routes.ts';
export { inProjects, sees, shownTo, visibleProjects } from './scope.ts';
export { tenantRoutes } from './tenants/routes.ts';
