-- The selection as JSON where it was all that match: what the report needs to tell who matches only since.
alter table plans add column matching text;

update schema set version = 2;
