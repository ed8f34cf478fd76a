"""Extract every organization of /etc/parley/parley.yaml each night, one task an organization.

Exit code 3 says that something is missing: the task is skipped then, and the webhook of parley.yaml tells of it. Each
run makes up for the nights before it, so nothing is caught up.
"""

from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

ORGANIZATIONS = ["acme", "beta"]

with DAG(
    dag_id="parley_extract",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 6, "retry_delay": timedelta(minutes=30)},
) as dag:
    for organization in ORGANIZATIONS:
        BashOperator(
            task_id=f"extract_{organization}",
            bash_command=(
                "parley extract --config /etc/parley/parley.yaml"
                f" --organization {organization}"
                " --budget-dir /var/cache/parley/budget"
                f" --summary /var/lib/parley/{organization}.summary.json"
            ),
            append_env=True,
            skip_on_exit_code=3,
        )
