alter table run_problem add column credential text;
