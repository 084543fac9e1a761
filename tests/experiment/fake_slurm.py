"""SLURM's commands as shell scripts that start jobs on this machine at once: what submitit needs of them."""

from __future__ import annotations

from pathlib import Path

COMMANDS = {
    "sbatch": """
if [ -e "$FAKE_SLURM/down" ]; then
  echo "sbatch: error: Unable to contact slurm controller (connect failure)" >&2
  exit 1
fi
id=$$
cp "$1" "$FAKE_SLURM/$id.sh"  # submitit moves the file
last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\)%.*/\\1/p' "$1")
for task in $(seq 0 "${last:-0}"); do
  name=$id
  export SLURM_JOB_ID=$id
  if [ -n "$last" ]; then
    name=${id}_$task
    export SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$task
  fi
  touch "$FAKE_SLURM/$name.begun"
  (bash "$FAKE_SLURM/$id.sh"; touch "$FAKE_SLURM/$name.ended") > /dev/null 2>&1 < /dev/null &
done
echo "Submitted batch job $id"
""",
    "srun": """
while true; do
  case "$1" in
    --unbuffered) shift ;;
    --output | --error) shift 2 ;;
    *) break ;;
  esac
done
exec "$@"
""",
    "sacct": """
echo "JobID|State|NodeList"
for begun in "$FAKE_SLURM"/*.begun; do
  name=$(basename "$begun" .begun)
  if [ -e "$FAKE_SLURM/$name.ended" ]; then echo "$name|TIMEOUT|here"; else echo "$name|RUNNING|here"; fi
done
""",
    "scancel": """
echo "$@" >> "$FAKE_SLURM/cancelled"
""",
}


def install(folder: Path) -> Path:
    """Write the commands to ``folder``/bin, which is returned; ``folder``/down makes sbatch fail."""
    place = folder / "bin"
    place.mkdir(parents=True)
    for name, script in COMMANDS.items():
        (place / name).write_text(f"#!/bin/sh\n{script.lstrip()}", encoding="utf-8")
        (place / name).chmod(0o755)
    return place
