create view run_steps as
with first_problem as (
    select
        run,
        step,
        error_class,
        code,
        return_code,
        message
    from run_problem
    qualify row_number() over (partition by run, step order by number) = 1
)
select
    run_step.run,
    run_step.number,
    run_step.name as step,
    run_step.model,
    case
        when run_step.state = 'running' and run_step.run not in (select run from _at_work) then 'interrupted'
        else run_step.state
    end as state,
    run_step.started_at,
    run_step.finished_at,
    date_diff(
        'millisecond', cast(run_step.started_at as timestamp), cast(run_step.finished_at as timestamp)
    ) / 1000 as seconds,
    first_problem.error_class,
    first_problem.code,
    first_problem.return_code,
    first_problem.message
from run_step
left join first_problem on first_problem.run = run_step.run and first_problem.step = run_step.number
