BEGIN TRANSACTION;
CREATE TABLE activities (
	instance_id INTEGER NOT NULL, 
	token_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	definition_id TEXT NOT NULL, 
	element_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	item INTEGER, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	outcome TEXT, 
	ended_by TEXT, 
	reason TEXT, 
	status TEXT, 
	assignee TEXT, 
	candidate_users TEXT, 
	candidate_groups TEXT, 
	due DATETIME, 
	follow_up DATETIME, 
	priority INTEGER, 
	form_key TEXT, 
	queue_due DATETIME, 
	queue_rank INTEGER, 
	CONSTRAINT pk_activities PRIMARY KEY (instance_id, token_id), 
	CONSTRAINT fk_activities_instance_id FOREIGN KEY(instance_id) REFERENCES process_instances (id)
)
 WITHOUT ROWID

;
INSERT INTO "activities" VALUES(1,1,0,'CASE:1','CASE','process','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(1,4,1,'CASE:1','s','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(1,5,1,'CASE:1','look','userTask','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["clerks"]','2026-03-07 09:00:00.000000',NULL,50,NULL,'2026-03-07 09:00:00.000000',-50);
INSERT INTO "activities" VALUES(1,8,1,'CASE:1','tick','boundaryEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(1,9,1,'CASE:1','ticked','manualTask','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(1,10,1,'CASE:1','e1','endEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,1,0,'CASE:1','CASE','process','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,4,1,'CASE:1','s','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,5,1,'CASE:1','look','userTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,'completed','ben','[]','["clerks"]','2026-03-04 09:00:00.000000',NULL,50,NULL,'2026-03-04 09:00:00.000000',-50);
INSERT INTO "activities" VALUES(2,7,1,'CASE:1','fork','parallelGateway','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,8,1,'CASE:1','call','callActivity','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,9,1,'CASE:1','opinion','userTask','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,10,8,'CALLED:1','CALLED','process','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,11,9,'CASE:1','opinion','userTask','',0,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','["unit:roads"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(2,12,9,'CASE:1','opinion','userTask','',1,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["unit:water"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(2,13,9,'CASE:1','opinion','userTask','',2,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["unit:parks"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(2,14,10,'CALLED:1','s','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,15,10,'CALLED:1','inner','subProcess','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,16,15,'CALLED:1','is','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,17,15,'CALLED:1','work','serviceTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,18,15,'CALLED:1','ie','endEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(2,19,10,'CALLED:1','share','scriptTask','',NULL,'2026-03-02 09:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,1,0,'CASE:1','CASE','process','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,4,1,'CASE:1','s','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,5,1,'CASE:1','look','userTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,'completed','ben','[]','["clerks"]','2026-03-04 09:00:00.000000',NULL,50,NULL,'2026-03-04 09:00:00.000000',-50);
INSERT INTO "activities" VALUES(3,7,1,'CASE:1','fork','parallelGateway','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,8,1,'CASE:1','call','callActivity','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,9,1,'CASE:1','opinion','userTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,10,8,'CALLED:1','CALLED','process','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,11,9,'CASE:1','opinion','userTask','',0,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','["unit:roads"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(3,12,9,'CASE:1','opinion','userTask','',1,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','["unit:water"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(3,13,9,'CASE:1','opinion','userTask','',2,'2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','["unit:parks"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(3,14,10,'CALLED:1','s','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,15,10,'CALLED:1','inner','subProcess','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,16,15,'CALLED:1','is','startEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,17,15,'CALLED:1','work','serviceTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,18,15,'CALLED:1','ie','endEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,19,10,'CALLED:1','share','scriptTask','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,20,10,'CALLED:1','e','endEvent','',NULL,'2026-03-02 09:00:00.000000','2026-03-02 09:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,21,1,'CASE:1','join','parallelGateway','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(3,22,1,'CASE:1','answer','userTask','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','[]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(3,23,1,'CASE:1','e2','endEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(4,1,0,'DAILY:1','DAILY','process','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(4,2,1,'DAILY:1','s','startEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','system',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(4,3,1,'DAILY:1','w','eventBasedGateway','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,1,0,'CASE:1','CASE','process','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,4,1,'CASE:1','s','startEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,5,1,'CASE:1','look','userTask','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,'completed',NULL,'[]','["clerks"]','2026-03-04 10:00:00.000000',NULL,50,NULL,'2026-03-04 10:00:00.000000',-50);
INSERT INTO "activities" VALUES(5,7,1,'CASE:1','fork','parallelGateway','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,8,1,'CASE:1','call','callActivity','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,9,1,'CASE:1','opinion','userTask','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,10,8,'CALLED:1','CALLED','process','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,11,9,'CASE:1','opinion','userTask','',0,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["unit:roads"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(5,12,9,'CASE:1','opinion','userTask','',1,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["unit:water"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(5,13,9,'CASE:1','opinion','userTask','',2,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,'open',NULL,'[]','["unit:parks"]',NULL,NULL,50,NULL,'9999-12-31 00:00:00.000000',-50);
INSERT INTO "activities" VALUES(5,14,10,'CALLED:1','s','startEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,15,10,'CALLED:1','inner','subProcess','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,16,15,'CALLED:1','is','startEvent','',NULL,'2026-03-02 10:00:00.000000','2026-03-02 10:00:00.000000','completed','anna',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "activities" VALUES(5,17,15,'CALLED:1','work','serviceTask','',NULL,'2026-03-02 10:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('engine_002');
CREATE TABLE candidates (
	candidate TEXT NOT NULL, 
	queue_due DATETIME NOT NULL, 
	queue_rank INTEGER NOT NULL, 
	instance_id INTEGER NOT NULL, 
	token_id INTEGER NOT NULL, 
	CONSTRAINT pk_candidates PRIMARY KEY (candidate, queue_due, queue_rank, instance_id, token_id), 
	CONSTRAINT fk_candidates_instance_id_token_id FOREIGN KEY(instance_id, token_id) REFERENCES activities (instance_id, token_id)
)
 WITHOUT ROWID

;
INSERT INTO "candidates" VALUES('group:clerks','2026-03-07 09:00:00.000000',-50,1,5);
INSERT INTO "candidates" VALUES('group:unit:water','9999-12-31 00:00:00.000000',-50,2,12);
INSERT INTO "candidates" VALUES('group:unit:parks','9999-12-31 00:00:00.000000',-50,2,13);
INSERT INTO "candidates" VALUES('group:unit:roads','9999-12-31 00:00:00.000000',-50,5,11);
INSERT INTO "candidates" VALUES('group:unit:water','9999-12-31 00:00:00.000000',-50,5,12);
INSERT INTO "candidates" VALUES('group:unit:parks','9999-12-31 00:00:00.000000',-50,5,13);
CREATE TABLE clock_offset (
	id INTEGER NOT NULL, 
	microseconds BIGINT NOT NULL, 
	CONSTRAINT pk_clock_offset PRIMARY KEY (id)
);
INSERT INTO "clock_offset" VALUES(1,3600000000);
CREATE TABLE definitions (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	version_tag TEXT, 
	deployment_id INTEGER NOT NULL, 
	resource_id INTEGER NOT NULL, 
	CONSTRAINT pk_definitions PRIMARY KEY (kind, id), 
	CONSTRAINT fk_definitions_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id), 
	CONSTRAINT fk_definitions_resource_id FOREIGN KEY(resource_id) REFERENCES resources (id), 
	CONSTRAINT uq_definitions_kind_key_version UNIQUE (kind, "key", version)
);
INSERT INTO "definitions" VALUES('process','CASE:1','CASE',1,'CASE',NULL,1,1);
INSERT INTO "definitions" VALUES('process','CALLED:1','CALLED',1,'CALLED',NULL,1,2);
INSERT INTO "definitions" VALUES('process','DAILY:1','DAILY',1,'DAILY',NULL,1,3);
CREATE TABLE deployment_members (
	deployment_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	definition_id TEXT NOT NULL, 
	CONSTRAINT pk_deployment_members PRIMARY KEY (deployment_id, kind, "key"), 
	CONSTRAINT fk_deployment_members_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id)
);
INSERT INTO "deployment_members" VALUES(1,'process','CASE','CASE:1');
INSERT INTO "deployment_members" VALUES(1,'process','CALLED','CALLED:1');
INSERT INTO "deployment_members" VALUES(1,'process','DAILY','DAILY:1');
CREATE TABLE deployments (
	id INTEGER NOT NULL, 
	deployed_at DATETIME NOT NULL, 
	deployed_by TEXT NOT NULL, 
	CONSTRAINT pk_deployments PRIMARY KEY (id)
);
INSERT INTO "deployments" VALUES(1,'2026-03-02 09:00:00.000000','anna');
CREATE TABLE incidents (
	instance_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	token_id INTEGER NOT NULL, 
	element_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	message TEXT NOT NULL, 
	raised_at DATETIME NOT NULL, 
	resolved_at DATETIME, 
	resolved_by TEXT, 
	CONSTRAINT pk_incidents PRIMARY KEY (instance_id, id), 
	CONSTRAINT fk_incidents_instance_id FOREIGN KEY(instance_id) REFERENCES process_instances (id)
)
 WITHOUT ROWID

;
INSERT INTO "incidents" VALUES(2,20,19,'share','execution','Expected a divisor, but it is 0. (in ''share = 10 / parts'')','2026-03-02 09:00:00.000000','2026-03-02 10:00:00.000000','anna');
INSERT INTO "incidents" VALUES(2,21,19,'share','execution','Expected a divisor, but it is 0. (in ''share = 10 / parts'')','2026-03-02 10:00:00.000000',NULL,NULL);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	instance_id INTEGER NOT NULL, 
	token_id INTEGER NOT NULL, 
	topic TEXT NOT NULL, 
	payload TEXT, 
	rank INTEGER NOT NULL, 
	retries INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	retry_cycle TEXT, 
	due DATETIME, 
	leased_until DATETIME, 
	last_error TEXT, 
	CONSTRAINT fk_jobs_instance_id FOREIGN KEY(instance_id) REFERENCES process_instances (id)
);
INSERT INTO "jobs" VALUES(3,5,17,'work',NULL,-50,2,1,NULL,'2026-03-02 10:00:10.000000',NULL,'ConnectionError: not now');
CREATE TABLE journal (
	instance_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	command TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	format INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (instance_id, seq)
);
INSERT INTO "journal" VALUES(1,1,'2026-03-02T09:00:00+00:00','anna','command','["StartInstance",{"definition_id":"CASE:1","business_key":"begun","variables":{"units":["roads","water","parks"],"parts":2},"start_event":"s","deployment_id":1}]','[["InstanceStarted",{"id":1,"definition_id":"CASE:1","element_id":"CASE","business_key":"begun","deployment_id":1}],["VariableSet",{"scope_id":1,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":1,"name":"parts","value":2,"old":null}],["SubscriptionOpened",{"id":2,"owner_id":1,"element_id":"os","kind":"message","name":"k","key":"begun"}],["SubscriptionOpened",{"id":3,"owner_id":1,"element_id":"ns","kind":"signal","name":"g","key":null}],["ElementActivated",{"id":4,"element_id":"s","scope_id":1,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":4}],["FlowTaken",{"scope_id":1,"flow_id":"s-look"}],["ElementActivated",{"id":5,"element_id":"look","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["TimerStarted",{"id":6,"owner_id":5,"element_id":"tick","due":"2026-03-02T10:00:00+00:00","interval":"PT1H","repetitions":2}],["UserTaskOpened",{"id":5,"assignee":null,"candidate_users":[],"candidate_groups":["clerks"],"due":"2026-03-04T09:00:00+00:00","follow_up":null,"priority":50,"form_key":null}]]',1,'71bb2daa92da542c3f838904b0557ec30f2010b831f4ab68c71a9d9ad0d2870f');
INSERT INTO "journal" VALUES(2,1,'2026-03-02T09:00:00+00:00','anna','command','["StartInstance",{"definition_id":"CASE:1","business_key":"stuck","variables":{"units":["roads","water","parks"],"parts":0},"start_event":"s","deployment_id":1}]','[["InstanceStarted",{"id":1,"definition_id":"CASE:1","element_id":"CASE","business_key":"stuck","deployment_id":1}],["VariableSet",{"scope_id":1,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":1,"name":"parts","value":0,"old":null}],["SubscriptionOpened",{"id":2,"owner_id":1,"element_id":"os","kind":"message","name":"k","key":"stuck"}],["SubscriptionOpened",{"id":3,"owner_id":1,"element_id":"ns","kind":"signal","name":"g","key":null}],["ElementActivated",{"id":4,"element_id":"s","scope_id":1,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":4}],["FlowTaken",{"scope_id":1,"flow_id":"s-look"}],["ElementActivated",{"id":5,"element_id":"look","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["TimerStarted",{"id":6,"owner_id":5,"element_id":"tick","due":"2026-03-02T10:00:00+00:00","interval":"PT1H","repetitions":2}],["UserTaskOpened",{"id":5,"assignee":null,"candidate_users":[],"candidate_groups":["clerks"],"due":"2026-03-04T09:00:00+00:00","follow_up":null,"priority":50,"form_key":null}]]',1,'2cd27fa52d7431afbcffc4e849517cad2a81f489a7996ff4f783be26ec8e68ba');
INSERT INTO "journal" VALUES(3,1,'2026-03-02T09:00:00+00:00','anna','command','["StartInstance",{"definition_id":"CASE:1","business_key":"ended","variables":{"units":["roads","water","parks"],"parts":5},"start_event":"s","deployment_id":1}]','[["InstanceStarted",{"id":1,"definition_id":"CASE:1","element_id":"CASE","business_key":"ended","deployment_id":1}],["VariableSet",{"scope_id":1,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":1,"name":"parts","value":5,"old":null}],["SubscriptionOpened",{"id":2,"owner_id":1,"element_id":"os","kind":"message","name":"k","key":"ended"}],["SubscriptionOpened",{"id":3,"owner_id":1,"element_id":"ns","kind":"signal","name":"g","key":null}],["ElementActivated",{"id":4,"element_id":"s","scope_id":1,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":4}],["FlowTaken",{"scope_id":1,"flow_id":"s-look"}],["ElementActivated",{"id":5,"element_id":"look","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["TimerStarted",{"id":6,"owner_id":5,"element_id":"tick","due":"2026-03-02T10:00:00+00:00","interval":"PT1H","repetitions":2}],["UserTaskOpened",{"id":5,"assignee":null,"candidate_users":[],"candidate_groups":["clerks"],"due":"2026-03-04T09:00:00+00:00","follow_up":null,"priority":50,"form_key":null}]]',1,'0ea8baecd22bb1ebc2573de0c38c70f3e22fcfaebcb7cb20b534b9d8ff17f825');
INSERT INTO "journal" VALUES(2,2,'2026-03-02T09:00:00+00:00','ben','command','["AssignUserTask",{"id":5,"assignee":"ben"}]','[["UserTaskAssigned",{"id":5,"assignee":"ben","old":null}]]',1,'66471f39f5dc1d9849720f41a880c050b1f13b93aa8b0a7981c5091873b53075');
INSERT INTO "journal" VALUES(2,3,'2026-03-02T09:00:00+00:00','ben','command','["CompleteUserTask",{"id":5,"variables":{"note":"looked at"}}]','[["VariableSet",{"scope_id":1,"name":"note","value":"looked at","old":null}],["UserTaskCompleted",{"id":5}],["TimerCancelled",{"id":6}],["ElementCompleted",{"id":5}],["FlowTaken",{"scope_id":1,"flow_id":"look-fork"}],["ElementActivated",{"id":7,"element_id":"fork","scope_id":1,"kind":"parallelGateway","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":7}],["FlowTaken",{"scope_id":1,"flow_id":"fork-call"}],["ElementActivated",{"id":8,"element_id":"call","scope_id":1,"kind":"callActivity","name":"","definition_id":null,"index":null}],["FlowTaken",{"scope_id":1,"flow_id":"fork-opinion"}],["ElementActivated",{"id":9,"element_id":"opinion","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":10,"element_id":"CALLED","scope_id":8,"kind":"process","name":"","definition_id":"CALLED:1","index":null}],["VariableSet",{"scope_id":10,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":10,"name":"parts","value":0,"old":null}],["VariableSet",{"scope_id":10,"name":"note","value":"looked at","old":null}],["MultiInstanceStarted",{"id":9,"items":["roads","water","parks"]}],["ElementActivated",{"id":11,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":0}],["VariableSet",{"scope_id":11,"name":"loopCounter","value":0,"old":null}],["VariableSet",{"scope_id":11,"name":"unit","value":"roads","old":null}],["ElementActivated",{"id":12,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":1}],["VariableSet",{"scope_id":12,"name":"loopCounter","value":1,"old":null}],["VariableSet",{"scope_id":12,"name":"unit","value":"water","old":null}],["ElementActivated",{"id":13,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":2}],["VariableSet",{"scope_id":13,"name":"loopCounter","value":2,"old":null}],["VariableSet",{"scope_id":13,"name":"unit","value":"parks","old":null}],["ElementActivated",{"id":14,"element_id":"s","scope_id":10,"kind":"startEvent","name":"","definition_id":null,"index":null}],["UserTaskOpened",{"id":11,"assignee":null,"candidate_users":[],"candidate_groups":["unit:roads"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":12,"assignee":null,"candidate_users":[],"candidate_groups":["unit:water"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":13,"assignee":null,"candidate_users":[],"candidate_groups":["unit:parks"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["ElementCompleted",{"id":14}],["FlowTaken",{"scope_id":10,"flow_id":"s-inner"}],["ElementActivated",{"id":15,"element_id":"inner","scope_id":10,"kind":"subProcess","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":16,"element_id":"is","scope_id":15,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":16}],["FlowTaken",{"scope_id":15,"flow_id":"i1"}],["ElementActivated",{"id":17,"element_id":"work","scope_id":15,"kind":"serviceTask","name":"","definition_id":null,"index":null}],["JobCreated",{"id":17,"topic":"work","priority":50,"retries":3,"retry_cycle":null}]]',1,'26aa32bbe33ef033bc3fe5abc4598a6a61aa8697741fd4ec629a7b38418fdef9');
INSERT INTO "journal" VALUES(3,2,'2026-03-02T09:00:00+00:00','ben','command','["AssignUserTask",{"id":5,"assignee":"ben"}]','[["UserTaskAssigned",{"id":5,"assignee":"ben","old":null}]]',1,'5f0952800f88e4cb60a1c784f9e1a6b380de98797cfd333faaa7ec06b15be3ad');
INSERT INTO "journal" VALUES(3,3,'2026-03-02T09:00:00+00:00','ben','command','["CompleteUserTask",{"id":5,"variables":{"note":"looked at"}}]','[["VariableSet",{"scope_id":1,"name":"note","value":"looked at","old":null}],["UserTaskCompleted",{"id":5}],["TimerCancelled",{"id":6}],["ElementCompleted",{"id":5}],["FlowTaken",{"scope_id":1,"flow_id":"look-fork"}],["ElementActivated",{"id":7,"element_id":"fork","scope_id":1,"kind":"parallelGateway","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":7}],["FlowTaken",{"scope_id":1,"flow_id":"fork-call"}],["ElementActivated",{"id":8,"element_id":"call","scope_id":1,"kind":"callActivity","name":"","definition_id":null,"index":null}],["FlowTaken",{"scope_id":1,"flow_id":"fork-opinion"}],["ElementActivated",{"id":9,"element_id":"opinion","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":10,"element_id":"CALLED","scope_id":8,"kind":"process","name":"","definition_id":"CALLED:1","index":null}],["VariableSet",{"scope_id":10,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":10,"name":"parts","value":5,"old":null}],["VariableSet",{"scope_id":10,"name":"note","value":"looked at","old":null}],["MultiInstanceStarted",{"id":9,"items":["roads","water","parks"]}],["ElementActivated",{"id":11,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":0}],["VariableSet",{"scope_id":11,"name":"loopCounter","value":0,"old":null}],["VariableSet",{"scope_id":11,"name":"unit","value":"roads","old":null}],["ElementActivated",{"id":12,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":1}],["VariableSet",{"scope_id":12,"name":"loopCounter","value":1,"old":null}],["VariableSet",{"scope_id":12,"name":"unit","value":"water","old":null}],["ElementActivated",{"id":13,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":2}],["VariableSet",{"scope_id":13,"name":"loopCounter","value":2,"old":null}],["VariableSet",{"scope_id":13,"name":"unit","value":"parks","old":null}],["ElementActivated",{"id":14,"element_id":"s","scope_id":10,"kind":"startEvent","name":"","definition_id":null,"index":null}],["UserTaskOpened",{"id":11,"assignee":null,"candidate_users":[],"candidate_groups":["unit:roads"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":12,"assignee":null,"candidate_users":[],"candidate_groups":["unit:water"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":13,"assignee":null,"candidate_users":[],"candidate_groups":["unit:parks"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["ElementCompleted",{"id":14}],["FlowTaken",{"scope_id":10,"flow_id":"s-inner"}],["ElementActivated",{"id":15,"element_id":"inner","scope_id":10,"kind":"subProcess","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":16,"element_id":"is","scope_id":15,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":16}],["FlowTaken",{"scope_id":15,"flow_id":"i1"}],["ElementActivated",{"id":17,"element_id":"work","scope_id":15,"kind":"serviceTask","name":"","definition_id":null,"index":null}],["JobCreated",{"id":17,"topic":"work","priority":50,"retries":3,"retry_cycle":null}]]',1,'64713aa0d073a8143b522d16f60d1bf001363db129b11e4adaf2e8f41ce15669');
INSERT INTO "journal" VALUES(2,4,'2026-03-02T09:00:00+00:00','system','command','["CompleteJob",{"id":17,"variables":{"done":"stuck"}}]','[["VariableSet",{"scope_id":10,"name":"done","value":"stuck","old":null}],["JobCompleted",{"id":17}],["ElementCompleted",{"id":17}],["FlowTaken",{"scope_id":15,"flow_id":"i2"}],["ElementActivated",{"id":18,"element_id":"ie","scope_id":15,"kind":"endEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":18}],["ElementCompleted",{"id":15}],["FlowTaken",{"scope_id":10,"flow_id":"inner-share"}],["ElementActivated",{"id":19,"element_id":"share","scope_id":10,"kind":"scriptTask","name":"","definition_id":null,"index":null}],["IncidentRaised",{"id":20,"token_id":19,"phase":"execute","message":"Expected a divisor, but it is 0. (in ''share = 10 / parts'')"}]]',1,'f89b42ecef7413f7da47058ea4e5a2131f1454d513c23db0138ad8791a43334b');
INSERT INTO "journal" VALUES(3,4,'2026-03-02T09:00:00+00:00','system','command','["CompleteJob",{"id":17,"variables":{"done":"ended"}}]','[["VariableSet",{"scope_id":10,"name":"done","value":"ended","old":null}],["JobCompleted",{"id":17}],["ElementCompleted",{"id":17}],["FlowTaken",{"scope_id":15,"flow_id":"i2"}],["ElementActivated",{"id":18,"element_id":"ie","scope_id":15,"kind":"endEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":18}],["ElementCompleted",{"id":15}],["FlowTaken",{"scope_id":10,"flow_id":"inner-share"}],["ElementActivated",{"id":19,"element_id":"share","scope_id":10,"kind":"scriptTask","name":"","definition_id":null,"index":null}],["VariableSet",{"scope_id":10,"name":"share","value":2.0,"old":null}],["ElementCompleted",{"id":19}],["FlowTaken",{"scope_id":10,"flow_id":"share-e"}],["ElementActivated",{"id":20,"element_id":"e","scope_id":10,"kind":"endEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":20}],["ElementCompleted",{"id":10}],["VariableSet",{"scope_id":1,"name":"units","value":["roads","water","parks"],"old":["roads","water","parks"]}],["VariableSet",{"scope_id":1,"name":"parts","value":5,"old":5}],["VariableSet",{"scope_id":1,"name":"note","value":"looked at","old":"looked at"}],["VariableSet",{"scope_id":1,"name":"done","value":"ended","old":null}],["VariableSet",{"scope_id":1,"name":"share","value":2.0,"old":null}],["ElementCompleted",{"id":8}],["FlowTaken",{"scope_id":1,"flow_id":"call-join"}],["TokenArrived",{"scope_id":1,"element_id":"join","flow_id":"call-join"}]]',1,'6b3eea124a222cfd1bdad623512b1e30bd89a80a3a1169d4cca1a1fd134f9e46');
INSERT INTO "journal" VALUES(4,1,'2026-03-02T10:00:00+00:00','system','command','["StartInstance",{"definition_id":"DAILY:1","business_key":"","variables":{},"start_event":"s","deployment_id":1}]','[["InstanceStarted",{"id":1,"definition_id":"DAILY:1","element_id":"DAILY","business_key":"","deployment_id":1}],["ElementActivated",{"id":2,"element_id":"s","scope_id":1,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":2}],["FlowTaken",{"scope_id":1,"flow_id":"s-w"}],["ElementActivated",{"id":3,"element_id":"w","scope_id":1,"kind":"eventBasedGateway","name":"","definition_id":null,"index":null}],["SubscriptionOpened",{"id":4,"owner_id":3,"element_id":"m","kind":"message","name":"k","key":""}],["TimerStarted",{"id":5,"owner_id":3,"element_id":"day","due":"2026-03-03T10:00:00+00:00","interval":null,"repetitions":0}]]',1,'8e59cbc619cd793aa0ab06d309aecdbec9c4dd22ec541ec87fdfff41f113d862');
INSERT INTO "journal" VALUES(1,2,'2026-03-02T10:00:00+00:00','system','command','["FireTimer",{"id":6}]','[["TimerFired",{"id":6}],["TimerStarted",{"id":7,"owner_id":5,"element_id":"tick","due":"2026-03-02T11:00:00+00:00","interval":"PT1H","repetitions":1}],["ElementActivated",{"id":8,"element_id":"tick","scope_id":1,"kind":"boundaryEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":8}],["FlowTaken",{"scope_id":1,"flow_id":"tick-ticked"}],["ElementActivated",{"id":9,"element_id":"ticked","scope_id":1,"kind":"manualTask","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":9}],["FlowTaken",{"scope_id":1,"flow_id":"ticked-e1"}],["ElementActivated",{"id":10,"element_id":"e1","scope_id":1,"kind":"endEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":10}]]',1,'7ff59951edfd2ea15e473a1097f319d17a0f1f239ad710edfaba7a9cd634e813');
INSERT INTO "journal" VALUES(3,5,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":11,"variables":{}}]','[["UserTaskCompleted",{"id":11}],["ElementCompleted",{"id":11}]]',1,'8299dffe10d78b7d458de686543727bb9ad43384b9f1cad7a93b082f4fec4c25');
INSERT INTO "journal" VALUES(3,6,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":12,"variables":{}}]','[["UserTaskCompleted",{"id":12}],["ElementCompleted",{"id":12}]]',1,'1d0de8aeb3c336bf183e0d3d3217595379573c9ede5a9f03e5a37f60c9879720');
INSERT INTO "journal" VALUES(3,7,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":13,"variables":{}}]','[["UserTaskCompleted",{"id":13}],["ElementCompleted",{"id":13}],["ElementCompleted",{"id":9}],["FlowTaken",{"scope_id":1,"flow_id":"opinion-join"}],["TokenArrived",{"scope_id":1,"element_id":"join","flow_id":"opinion-join"}],["TokensJoined",{"scope_id":1,"element_id":"join"}],["ElementActivated",{"id":21,"element_id":"join","scope_id":1,"kind":"parallelGateway","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":21}],["FlowTaken",{"scope_id":1,"flow_id":"join-answer"}],["ElementActivated",{"id":22,"element_id":"answer","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["UserTaskOpened",{"id":22,"assignee":null,"candidate_users":[],"candidate_groups":[],"due":null,"follow_up":null,"priority":50,"form_key":null}]]',1,'45f440661aa54b648d8cbbb3cc68a86084efb86c4ccacb022e6dba1181e9a18a');
INSERT INTO "journal" VALUES(3,8,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":22,"variables":{}}]','[["UserTaskCompleted",{"id":22}],["ElementCompleted",{"id":22}],["FlowTaken",{"scope_id":1,"flow_id":"answer-e2"}],["ElementActivated",{"id":23,"element_id":"e2","scope_id":1,"kind":"endEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":23}],["SubscriptionClosed",{"id":2}],["SubscriptionClosed",{"id":3}],["ElementCompleted",{"id":1}],["InstanceCompleted",{}]]',1,'9a543899ac1eebd109486fc9263c6ccd1784f2317616caed0816843cd074d07d');
INSERT INTO "journal" VALUES(2,5,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":11,"variables":{"opinion":"yes"}}]','[["VariableSet",{"scope_id":1,"name":"opinion","value":"yes","old":null}],["UserTaskCompleted",{"id":11}],["ElementCompleted",{"id":11}]]',1,'3c97b1044a92c0c994cd7eab3b28028f6d6f29633d82f5685de14ce9ff44e24a');
INSERT INTO "journal" VALUES(2,6,'2026-03-02T10:00:00+00:00','anna','command','["RetryIncident",{"id":20}]','[["IncidentResolved",{"id":20,"token_id":19}],["IncidentRaised",{"id":21,"token_id":19,"phase":"execute","message":"Expected a divisor, but it is 0. (in ''share = 10 / parts'')"}]]',1,'35b4bbaf545f0e08d50a3ae72c02cbc4909f237806e05c860dd253fbff79f54b');
INSERT INTO "journal" VALUES(2,7,'2026-03-02T10:00:00+00:00','anna','command','["SetVariables",{"id":1,"variables":{"subject":"water"}}]','[["VariableSet",{"scope_id":1,"name":"subject","value":"water","old":null}]]',1,'905a517b96aaa4ef66c339a7ef450e9c41241a426edc023041b505cd1525e293');
INSERT INTO "journal" VALUES(2,8,'2026-03-02T10:00:00+00:00','anna','note','["read",{"purpose":"audit"}]','[]',1,'41091185537406ca46cc69592e138e0d88fb9ff17173bcddd75a02174cabc815');
INSERT INTO "journal" VALUES(1,3,'2026-03-02T10:00:00+00:00','anna','command','["MoveDueDate",{"old":"2026-03-04 09:00:00+00:00","new":"2026-03-07 09:00:00+00:00"}]','[["UserTaskRescheduled",{"id":5,"due":"2026-03-07T09:00:00+00:00","old":"2026-03-04T09:00:00+00:00"}]]',1,'0d6e5f35a55ad8f81dbd09c30a4cb6656dff1f91d510c07fe49078fb771c3c2e');
INSERT INTO "journal" VALUES(5,1,'2026-03-02T10:00:00+00:00','anna','command','["StartInstance",{"definition_id":"CASE:1","business_key":"late","variables":{"units":["roads","water","parks"],"parts":1},"start_event":"s","deployment_id":1}]','[["InstanceStarted",{"id":1,"definition_id":"CASE:1","element_id":"CASE","business_key":"late","deployment_id":1}],["VariableSet",{"scope_id":1,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":1,"name":"parts","value":1,"old":null}],["SubscriptionOpened",{"id":2,"owner_id":1,"element_id":"os","kind":"message","name":"k","key":"late"}],["SubscriptionOpened",{"id":3,"owner_id":1,"element_id":"ns","kind":"signal","name":"g","key":null}],["ElementActivated",{"id":4,"element_id":"s","scope_id":1,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":4}],["FlowTaken",{"scope_id":1,"flow_id":"s-look"}],["ElementActivated",{"id":5,"element_id":"look","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["TimerStarted",{"id":6,"owner_id":5,"element_id":"tick","due":"2026-03-02T11:00:00+00:00","interval":"PT1H","repetitions":2}],["UserTaskOpened",{"id":5,"assignee":null,"candidate_users":[],"candidate_groups":["clerks"],"due":"2026-03-04T10:00:00+00:00","follow_up":null,"priority":50,"form_key":null}]]',1,'0f8b1e068b662c504f94a9582ce7bca772a0ba14ac74a619be15efaacc2fc8b7');
INSERT INTO "journal" VALUES(5,2,'2026-03-02T10:00:00+00:00','anna','command','["CompleteUserTask",{"id":5,"variables":{}}]','[["UserTaskCompleted",{"id":5}],["TimerCancelled",{"id":6}],["ElementCompleted",{"id":5}],["FlowTaken",{"scope_id":1,"flow_id":"look-fork"}],["ElementActivated",{"id":7,"element_id":"fork","scope_id":1,"kind":"parallelGateway","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":7}],["FlowTaken",{"scope_id":1,"flow_id":"fork-call"}],["ElementActivated",{"id":8,"element_id":"call","scope_id":1,"kind":"callActivity","name":"","definition_id":null,"index":null}],["FlowTaken",{"scope_id":1,"flow_id":"fork-opinion"}],["ElementActivated",{"id":9,"element_id":"opinion","scope_id":1,"kind":"userTask","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":10,"element_id":"CALLED","scope_id":8,"kind":"process","name":"","definition_id":"CALLED:1","index":null}],["VariableSet",{"scope_id":10,"name":"units","value":["roads","water","parks"],"old":null}],["VariableSet",{"scope_id":10,"name":"parts","value":1,"old":null}],["MultiInstanceStarted",{"id":9,"items":["roads","water","parks"]}],["ElementActivated",{"id":11,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":0}],["VariableSet",{"scope_id":11,"name":"loopCounter","value":0,"old":null}],["VariableSet",{"scope_id":11,"name":"unit","value":"roads","old":null}],["ElementActivated",{"id":12,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":1}],["VariableSet",{"scope_id":12,"name":"loopCounter","value":1,"old":null}],["VariableSet",{"scope_id":12,"name":"unit","value":"water","old":null}],["ElementActivated",{"id":13,"element_id":"opinion","scope_id":9,"kind":"userTask","name":"","definition_id":null,"index":2}],["VariableSet",{"scope_id":13,"name":"loopCounter","value":2,"old":null}],["VariableSet",{"scope_id":13,"name":"unit","value":"parks","old":null}],["ElementActivated",{"id":14,"element_id":"s","scope_id":10,"kind":"startEvent","name":"","definition_id":null,"index":null}],["UserTaskOpened",{"id":11,"assignee":null,"candidate_users":[],"candidate_groups":["unit:roads"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":12,"assignee":null,"candidate_users":[],"candidate_groups":["unit:water"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["UserTaskOpened",{"id":13,"assignee":null,"candidate_users":[],"candidate_groups":["unit:parks"],"due":null,"follow_up":null,"priority":50,"form_key":null}],["ElementCompleted",{"id":14}],["FlowTaken",{"scope_id":10,"flow_id":"s-inner"}],["ElementActivated",{"id":15,"element_id":"inner","scope_id":10,"kind":"subProcess","name":"","definition_id":null,"index":null}],["ElementActivated",{"id":16,"element_id":"is","scope_id":15,"kind":"startEvent","name":"","definition_id":null,"index":null}],["ElementCompleted",{"id":16}],["FlowTaken",{"scope_id":15,"flow_id":"i1"}],["ElementActivated",{"id":17,"element_id":"work","scope_id":15,"kind":"serviceTask","name":"","definition_id":null,"index":null}],["JobCreated",{"id":17,"topic":"work","priority":50,"retries":3,"retry_cycle":null}]]',1,'e512e0a36fc60c88881f587746f14d3b0c37394cfdf0be1b8b11296327d99123');
CREATE TABLE process_instances (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	definition_id TEXT NOT NULL, 
	definition_key TEXT NOT NULL, 
	business_key TEXT NOT NULL, 
	status TEXT NOT NULL, 
	state TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	head TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	started_by TEXT NOT NULL, 
	ended_at DATETIME, 
	end_reason TEXT
);
INSERT INTO "process_instances" VALUES(1,'CASE:1','CASE','begun','active','{"format":1,"business_key":"begun","deployment_id":1,"last_id":10,"ended":"","tokens":[[1,"CASE",0,1,{"definition_id":"CASE:1","variables":{"units":["roads","water","parks"],"parts":2}}],[5,"look",1,1,{"work":"user_task","due":"2026-03-07T09:00:00+00:00"}]],"waits":[[2,1,"os","message","k","begun",null,null,0],[3,1,"ns","signal","g",null,null,null,0],[7,5,"tick","timer","",null,"2026-03-02T11:00:00+00:00","PT1H",1]]}',3,'0d6e5f35a55ad8f81dbd09c30a4cb6656dff1f91d510c07fe49078fb771c3c2e','2026-03-02 09:00:00.000000','anna',NULL,NULL);
INSERT INTO "process_instances" VALUES(2,'CASE:1','CASE','stuck','active','{"format":1,"business_key":"stuck","deployment_id":1,"last_id":21,"ended":"","tokens":[[1,"CASE",0,1,{"definition_id":"CASE:1","variables":{"units":["roads","water","parks"],"parts":0,"note":"looked at","opinion":"yes","subject":"water"}}],[8,"call",1,1,{}],[9,"opinion",1,1,{"items":[["roads","water","parks"],[],3,1]}],[10,"CALLED",8,10,{"definition_id":"CALLED:1","variables":{"units":["roads","water","parks"],"parts":0,"note":"looked at","done":"stuck"}}],[12,"opinion",9,1,{"index":1,"variables":{"loopCounter":1,"unit":"water"},"work":"user_task"}],[13,"opinion",9,1,{"index":2,"variables":{"loopCounter":2,"unit":"parks"},"work":"user_task"}],[19,"share",10,10,{"incident":[21,"execute","Expected a divisor, but it is 0. (in ''share = 10 / parts'')"]}]],"waits":[[2,1,"os","message","k","stuck",null,null,0],[3,1,"ns","signal","g",null,null,null,0]]}',8,'41091185537406ca46cc69592e138e0d88fb9ff17173bcddd75a02174cabc815','2026-03-02 09:00:00.000000','anna',NULL,NULL);
INSERT INTO "process_instances" VALUES(3,'CASE:1','CASE','ended','completed','{"format":1,"business_key":"ended","deployment_id":1,"last_id":23,"ended":"completed","tokens":[],"waits":[]}',8,'9a543899ac1eebd109486fc9263c6ccd1784f2317616caed0816843cd074d07d','2026-03-02 09:00:00.000000','anna','2026-03-02 10:00:00.000000',NULL);
INSERT INTO "process_instances" VALUES(4,'DAILY:1','DAILY','','active','{"format":1,"business_key":"","deployment_id":1,"last_id":5,"ended":"","tokens":[[1,"DAILY",0,1,{"definition_id":"DAILY:1"}],[3,"w",1,1,{}]],"waits":[[4,3,"m","message","k","",null,null,0],[5,3,"day","timer","",null,"2026-03-03T10:00:00+00:00",null,0]]}',1,'8e59cbc619cd793aa0ab06d309aecdbec9c4dd22ec541ec87fdfff41f113d862','2026-03-02 10:00:00.000000','system',NULL,NULL);
INSERT INTO "process_instances" VALUES(5,'CASE:1','CASE','late','active','{"format":1,"business_key":"late","deployment_id":1,"last_id":17,"ended":"","tokens":[[1,"CASE",0,1,{"definition_id":"CASE:1","variables":{"units":["roads","water","parks"],"parts":1}}],[8,"call",1,1,{}],[9,"opinion",1,1,{"items":[["roads","water","parks"],[],3,0]}],[10,"CALLED",8,10,{"definition_id":"CALLED:1","variables":{"units":["roads","water","parks"],"parts":1}}],[11,"opinion",9,1,{"index":0,"variables":{"loopCounter":0,"unit":"roads"},"work":"user_task"}],[12,"opinion",9,1,{"index":1,"variables":{"loopCounter":1,"unit":"water"},"work":"user_task"}],[13,"opinion",9,1,{"index":2,"variables":{"loopCounter":2,"unit":"parks"},"work":"user_task"}],[15,"inner",10,10,{}],[17,"work",15,10,{"work":"job"}]],"waits":[[2,1,"os","message","k","late",null,null,0],[3,1,"ns","signal","g",null,null,null,0]]}',2,'e512e0a36fc60c88881f587746f14d3b0c37394cfdf0be1b8b11296327d99123','2026-03-02 10:00:00.000000','anna',NULL,NULL);
CREATE TABLE resources (
	id INTEGER NOT NULL, 
	deployment_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_resources PRIMARY KEY (id), 
	CONSTRAINT fk_resources_deployment_id FOREIGN KEY(deployment_id) REFERENCES deployments (id), 
	CONSTRAINT uq_resources_deployment_id_name UNIQUE (deployment_id, name)
);
INSERT INTO "resources" VALUES(1,1,'case.bpmn','c8e5f3615a5cb7dbfffa8ecdfebaa98b1fc91a998955a691b11b413fe089dd34',X'3C646566696E6974696F6E7320786D6C6E733D22687474703A2F2F7777772E6F6D672E6F72672F737065632F42504D4E2F32303130303532342F4D4F44454C2220786D6C6E733A7873693D22687474703A2F2F7777772E77332E6F72672F323030312F584D4C536368656D612D696E7374616E63652220786D6C6E733A63616D756E64613D22687474703A2F2F63616D756E64612E6F72672F736368656D612F312E302F62706D6E222069643D226422207461726765744E616D6573706163653D2275726E3A74657374223E3C6D6573736167652069643D226D73675F6D22206E616D653D226D222F3E3C6D6573736167652069643D226D73675F6B22206E616D653D226B222F3E3C7369676E616C2069643D227369675F6722206E616D653D2267222F3E3C6572726F722069643D226572725F7822206E616D653D227822206572726F72436F64653D2258222F3E3C6572726F722069643D226572725F7922206E616D653D227922206572726F72436F64653D2259222F3E3C70726F636573732069643D22434153452220697345786563757461626C653D2274727565223E3C73746172744576656E742069643D2273223E3C6D6573736167654576656E74446566696E6974696F6E206D6573736167655265663D226D73675F6D222F3E3C2F73746172744576656E743E3C757365725461736B2069643D226C6F6F6B222063616D756E64613A63616E64696461746547726F7570733D22636C65726B73222063616D756E64613A647565446174653D22503244222F3E3C626F756E646172794576656E742069643D227469636B22206174746163686564546F5265663D226C6F6F6B222063616E63656C41637469766974793D2266616C7365223E3C74696D65724576656E74446566696E6974696F6E3E3C74696D654379636C653E52332F505431483C2F74696D654379636C653E3C2F74696D65724576656E74446566696E6974696F6E3E3C2F626F756E646172794576656E743E3C6D616E75616C5461736B2069643D227469636B6564222F3E3C656E644576656E742069643D226531222F3E3C706172616C6C656C476174657761792069643D22666F726B222F3E3C63616C6C41637469766974792069643D2263616C6C222063616C6C6564456C656D656E743D2243414C4C4544223E3C657874656E73696F6E456C656D656E74733E3C63616D756E64613A696E207661726961626C65733D22616C6C222F3E3C63616D756E64613A6F7574207661726961626C65733D22616C6C222F3E3C2F657874656E73696F6E456C656D656E74733E3C2F63616C6C41637469766974793E3C757365725461736B2069643D226F70696E696F6E222063616D756E64613A63616E64696461746547726F7570733D22756E69743A247B756E69747D223E3C6D756C7469496E7374616E63654C6F6F704368617261637465726973746963732063616D756E64613A636F6C6C656374696F6E3D22247B756E6974737D222063616D756E64613A656C656D656E745661726961626C653D22756E6974222F3E3C2F757365725461736B3E3C706172616C6C656C476174657761792069643D226A6F696E222F3E3C757365725461736B2069643D22616E73776572222F3E3C656E644576656E742069643D226532222F3E3C73756250726F636573732069643D226F6666222074726967676572656442794576656E743D2274727565223E3C73746172744576656E742069643D226F73223E3C6D6573736167654576656E74446566696E6974696F6E206D6573736167655265663D226D73675F6B222F3E3C2F73746172744576656E743E3C656E644576656E742069643D226F65222F3E3C73657175656E6365466C6F772069643D226F312220736F757263655265663D226F7322207461726765745265663D226F65222F3E3C2F73756250726F636573733E3C73756250726F636573732069643D226F6E222074726967676572656442794576656E743D2274727565223E3C73746172744576656E742069643D226E7322206973496E74657272757074696E673D2266616C7365223E3C7369676E616C4576656E74446566696E6974696F6E207369676E616C5265663D227369675F67222F3E3C2F73746172744576656E743E3C6D616E75616C5461736B2069643D226E75222F3E3C656E644576656E742069643D226E65222F3E3C73657175656E6365466C6F772069643D226E312220736F757263655265663D226E7322207461726765745265663D226E75222F3E3C73657175656E6365466C6F772069643D226E322220736F757263655265663D226E7522207461726765745265663D226E65222F3E3C2F73756250726F636573733E3C73657175656E6365466C6F772069643D22732D6C6F6F6B2220736F757263655265663D227322207461726765745265663D226C6F6F6B223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D226C6F6F6B2D666F726B2220736F757263655265663D226C6F6F6B22207461726765745265663D22666F726B223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22666F726B2D63616C6C2220736F757263655265663D22666F726B22207461726765745265663D2263616C6C223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D2263616C6C2D6A6F696E2220736F757263655265663D2263616C6C22207461726765745265663D226A6F696E223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D226A6F696E2D616E737765722220736F757263655265663D226A6F696E22207461726765745265663D22616E73776572223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22616E737765722D65322220736F757263655265663D22616E7377657222207461726765745265663D226532223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22666F726B2D6F70696E696F6E2220736F757263655265663D22666F726B22207461726765745265663D226F70696E696F6E223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D226F70696E696F6E2D6A6F696E2220736F757263655265663D226F70696E696F6E22207461726765745265663D226A6F696E223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D227469636B2D7469636B65642220736F757263655265663D227469636B22207461726765745265663D227469636B6564223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D227469636B65642D65312220736F757263655265663D227469636B656422207461726765745265663D226531223E3C2F73657175656E6365466C6F773E3C2F70726F636573733E3C2F646566696E6974696F6E733E');
INSERT INTO "resources" VALUES(2,1,'called.bpmn','bc65620563c10f965c817870a87be121f9d24a915120b4ab86f6d953fb0cc2fd',X'3C646566696E6974696F6E7320786D6C6E733D22687474703A2F2F7777772E6F6D672E6F72672F737065632F42504D4E2F32303130303532342F4D4F44454C2220786D6C6E733A7873693D22687474703A2F2F7777772E77332E6F72672F323030312F584D4C536368656D612D696E7374616E63652220786D6C6E733A63616D756E64613D22687474703A2F2F63616D756E64612E6F72672F736368656D612F312E302F62706D6E222069643D226422207461726765744E616D6573706163653D2275726E3A74657374223E3C6D6573736167652069643D226D73675F6D22206E616D653D226D222F3E3C6D6573736167652069643D226D73675F6B22206E616D653D226B222F3E3C7369676E616C2069643D227369675F6722206E616D653D2267222F3E3C6572726F722069643D226572725F7822206E616D653D227822206572726F72436F64653D2258222F3E3C6572726F722069643D226572725F7922206E616D653D227922206572726F72436F64653D2259222F3E3C70726F636573732069643D2243414C4C45442220697345786563757461626C653D2274727565223E3C73746172744576656E742069643D2273222F3E3C73756250726F636573732069643D22696E6E6572223E3C73746172744576656E742069643D226973222F3E3C736572766963655461736B2069643D22776F726B222063616D756E64613A747970653D2265787465726E616C222063616D756E64613A746F7069633D22776F726B222F3E3C656E644576656E742069643D226965222F3E3C73657175656E6365466C6F772069643D2269312220736F757263655265663D22697322207461726765745265663D22776F726B222F3E3C73657175656E6365466C6F772069643D2269322220736F757263655265663D22776F726B22207461726765745265663D226965222F3E3C2F73756250726F636573733E3C7363726970745461736B2069643D227368617265223E3C7363726970743E7368617265203D203130202F2070617274733C2F7363726970743E3C2F7363726970745461736B3E3C656E644576656E742069643D2265222F3E3C73657175656E6365466C6F772069643D22732D696E6E65722220736F757263655265663D227322207461726765745265663D22696E6E6572223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22696E6E65722D73686172652220736F757263655265663D22696E6E657222207461726765745265663D227368617265223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D2273686172652D652220736F757263655265663D22736861726522207461726765745265663D2265223E3C2F73657175656E6365466C6F773E3C2F70726F636573733E3C2F646566696E6974696F6E733E');
INSERT INTO "resources" VALUES(3,1,'daily.bpmn','2a7f067f5062d57a6805d94e6fc7a82de530e143604537ef6873f928d45918b1',X'3C646566696E6974696F6E7320786D6C6E733D22687474703A2F2F7777772E6F6D672E6F72672F737065632F42504D4E2F32303130303532342F4D4F44454C2220786D6C6E733A7873693D22687474703A2F2F7777772E77332E6F72672F323030312F584D4C536368656D612D696E7374616E63652220786D6C6E733A63616D756E64613D22687474703A2F2F63616D756E64612E6F72672F736368656D612F312E302F62706D6E222069643D226422207461726765744E616D6573706163653D2275726E3A74657374223E3C6D6573736167652069643D226D73675F6D22206E616D653D226D222F3E3C6D6573736167652069643D226D73675F6B22206E616D653D226B222F3E3C7369676E616C2069643D227369675F6722206E616D653D2267222F3E3C6572726F722069643D226572725F7822206E616D653D227822206572726F72436F64653D2258222F3E3C6572726F722069643D226572725F7922206E616D653D227922206572726F72436F64653D2259222F3E3C70726F636573732069643D224441494C592220697345786563757461626C653D2274727565223E3C73746172744576656E742069643D2273223E3C74696D65724576656E74446566696E6974696F6E3E3C74696D654379636C653E522F505431483C2F74696D654379636C653E3C2F74696D65724576656E74446566696E6974696F6E3E3C2F73746172744576656E743E3C6576656E744261736564476174657761792069643D2277222F3E3C696E7465726D65646961746543617463684576656E742069643D226D223E3C6D6573736167654576656E74446566696E6974696F6E206D6573736167655265663D226D73675F6B222F3E3C2F696E7465726D65646961746543617463684576656E743E3C696E7465726D65646961746543617463684576656E742069643D22646179223E3C74696D65724576656E74446566696E6974696F6E3E3C74696D654475726174696F6E3E5031443C2F74696D654475726174696F6E3E3C2F74696D65724576656E74446566696E6974696F6E3E3C2F696E7465726D65646961746543617463684576656E743E3C656E644576656E742069643D2265222F3E3C73657175656E6365466C6F772069643D22732D772220736F757263655265663D227322207461726765745265663D2277223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22772D6D2220736F757263655265663D227722207461726765745265663D226D223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D226D2D652220736F757263655265663D226D22207461726765745265663D2265223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D22772D6461792220736F757263655265663D227722207461726765745265663D22646179223E3C2F73657175656E6365466C6F773E3C73657175656E6365466C6F772069643D226461792D652220736F757263655265663D2264617922207461726765745265663D2265223E3C2F73657175656E6365466C6F773E3C2F70726F636573733E3C2F646566696E6974696F6E733E');
CREATE TABLE start_subscriptions (
	name TEXT NOT NULL, 
	definition_key TEXT NOT NULL, 
	definition_id TEXT NOT NULL, 
	element_id TEXT NOT NULL, 
	CONSTRAINT pk_start_subscriptions PRIMARY KEY (name)
);
INSERT INTO "start_subscriptions" VALUES('m','CASE','CASE:1','s');
CREATE TABLE start_timers (
	id INTEGER NOT NULL, 
	definition_key TEXT NOT NULL, 
	definition_id TEXT NOT NULL, 
	element_id TEXT NOT NULL, 
	due DATETIME NOT NULL, 
	interval TEXT, 
	repetitions INTEGER, 
	CONSTRAINT pk_start_timers PRIMARY KEY (id)
);
INSERT INTO "start_timers" VALUES(1,'DAILY','DAILY:1','s','2026-03-02 11:00:00.000000','PT1H',NULL);
CREATE TABLE subscriptions (
	instance_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	owner_id INTEGER NOT NULL, 
	element_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	"key" TEXT, 
	CONSTRAINT pk_subscriptions PRIMARY KEY (instance_id, id), 
	CONSTRAINT fk_subscriptions_instance_id FOREIGN KEY(instance_id) REFERENCES process_instances (id)
)
 WITHOUT ROWID

;
INSERT INTO "subscriptions" VALUES(1,2,1,'os','message','k','begun');
INSERT INTO "subscriptions" VALUES(1,3,1,'ns','signal','g',NULL);
INSERT INTO "subscriptions" VALUES(2,2,1,'os','message','k','stuck');
INSERT INTO "subscriptions" VALUES(2,3,1,'ns','signal','g',NULL);
INSERT INTO "subscriptions" VALUES(4,4,3,'m','message','k','');
INSERT INTO "subscriptions" VALUES(5,2,1,'os','message','k','late');
INSERT INTO "subscriptions" VALUES(5,3,1,'ns','signal','g',NULL);
CREATE TABLE timers (
	instance_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	owner_id INTEGER NOT NULL, 
	element_id TEXT NOT NULL, 
	due DATETIME NOT NULL, 
	CONSTRAINT pk_timers PRIMARY KEY (instance_id, id), 
	CONSTRAINT fk_timers_instance_id FOREIGN KEY(instance_id) REFERENCES process_instances (id)
)
 WITHOUT ROWID

;
INSERT INTO "timers" VALUES(1,7,5,'tick','2026-03-02 11:00:00.000000');
INSERT INTO "timers" VALUES(4,5,3,'day','2026-03-03 10:00:00.000000');
CREATE INDEX ix_process_instances_business_key_id ON process_instances (business_key, id);
CREATE INDEX ix_process_instances_definition_id_status_id ON process_instances (definition_id, status, id);
CREATE INDEX ix_process_instances_definition_key_status_id ON process_instances (definition_key, status, id);
CREATE INDEX ix_start_subscriptions_definition_key ON start_subscriptions (definition_key);
CREATE INDEX ix_start_timers_definition_key ON start_timers (definition_key);
CREATE INDEX ix_start_timers_due ON start_timers (due);
CREATE INDEX ix_activities_open ON activities (queue_due, queue_rank, instance_id, token_id) WHERE status = 'open';
CREATE INDEX ix_activities_open_by_assignee ON activities (assignee, queue_due, queue_rank, instance_id, token_id) WHERE status = 'open';
CREATE INDEX ix_incidents_open ON incidents (raised_at, instance_id, id) WHERE resolved_at IS NULL;
CREATE INDEX ix_jobs_due_rank_id ON jobs (due, rank, id);
CREATE INDEX ix_jobs_instance_id_token_id ON jobs (instance_id, token_id);
CREATE INDEX ix_subscriptions_kind_name_key_instance_id ON subscriptions (kind, name, "key", instance_id);
CREATE INDEX ix_timers_due_instance_id_id ON timers (due, instance_id, id);
CREATE INDEX ix_candidates_instance_id_token_id ON candidates (instance_id, token_id);
CREATE INDEX ix_activities_running ON activities (definition_id, instance_id) WHERE kind = 'process' AND ended_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('process_instances',5);
INSERT INTO "sqlite_sequence" VALUES('jobs',3);
COMMIT;
