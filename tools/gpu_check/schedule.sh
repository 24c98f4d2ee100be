# shellcheck shell=bash
# Runs the checks of gpu_check.sh within their time, and notes how each ended.

# --- Time, in milliseconds. The parts give seconds of a call of `nominal` seconds, which are scaled to --minutes.
now() {
  local microseconds=${EPOCHREALTIME/[.,]/}
  echo $((microseconds / 1000))
}
begin=$(now)
total=$(awk "BEGIN {printf \"%d\", $minutes * 60000}")
scaled() { echo $(($1 * total / nominal)); }
grace=$((total < 80000 ? total / 40 : 2000)) # between SIGTERM and SIGKILL
least=$(scaled 1)                            # nothing starts with less time left
deadline=$begin
# by SECOND: when the part must be over, killing included.
by() { deadline=$((begin + $(scaled "$1"))); }
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# limited SECONDS COMMAND...: runs the command for at most SECONDS, and not beyond the end of the part. Sets `cut` if it
# did not run to its end: to "late" (no time was left) or "limit".
limited() {
  local limit started status=0
  limit=$(scaled "$1") started=$(now) cut=''
  shift
  if ((deadline - started - grace < limit)); then limit=$((deadline - started - grace)); fi
  if ((limit < least)); then
    cut=late
    return 124
  fi
  timeout -k "$(seconds "$grace")" "$(seconds "$limit")" "$@" &
  wait $! || status=$?
  kill -KILL -- "-$!" 2>/dev/null # what it has started and left behind
  if ((status != 0 && $(now) - started >= limit)); then cut=limit; fi
  return "$status"
}

# A test of warpgroup products that is cut off may hang. Then whatever else runs them would waste its time, too.
rm -f "$work/hung"

# --- Results. checks.txt lists everything that is planned from the start; the last line of a name counts.
planning=1
note() { echo "$1: $2" >>"$out/checks.txt"; }

# findings LOG: the first forty errors and races that compute-sanitizer reports, with the lines that say where.
findings() {
  local error='Invalid __|Misaligned |Race reported |Potential |Barrier error |Warpgroup MMA |Malloc/Free error '
  grep -aE -m 40 -A 3 "^=========( [A-Za-z]+:)? ($error|[A-Z]+ SUMMARY: [1-9])" "$1"
}

# has_no_gpu LOG: whether a program says in it that there is none.
has_no_gpu() { grep -qE 'no NVIDIA (driver|GPU)|no CUDA device' "$1"; }

# conclude NAME STATUS LOG: notes how a command ended, judging by `cut` too, and the end of its output. What is cut off
# is not failed. `found` is the result where compute-sanitizer finds something.
conclude() {
  local name=$1 status=$2 result=passed
  if findings "$3" >"$3.found"; then # one is enough, even a warning, whatever the exit status
    result="$found"
  elif [[ $cut == late ]]; then
    result='not run (no time was left)'
  elif [[ $cut == limit ]]; then
    result='unfinished (out of time)'
    [[ $name != *', wgmma' || $name == *check* ]] || touch "$work/hung"
  elif ((status != 0)) && grep -q 'Device not supported' "$3"; then
    result='not run (compute-sanitizer does not support the device)'
  elif ((status == 127)); then
    result='failed (a program is missing)'
  elif { ((status != 0)) || grep -q '^\[SKIPPED\]' "$3"; } && has_no_gpu "$3"; then
    result='failed (there is no GPU)'
  elif ((status != 0)); then
    result="failed (exit status $status)"
  elif grep -q '^\[SKIPPED\]' "$3"; then
    result='failed (skipped)'
  elif grep -q '^\[doctest\] test cases: *0 ' "$3"; then
    result='failed (there is no such test)'
  fi
  note "$name" "$result"
  {
    echo "=== $name: $result, after $(seconds $(($(now) - begin))) s"
    if [[ -s $3.found ]]; then
      cat "$3.found"
      echo '--- The end of its output:'
    fi
    tail -n 100 "$3"
  } >"$3.end"
  cat "$3.end" >>"$out/log.txt" # in one piece: others write too
  [[ $result == passed ]]
}

# noted FILE NAME SECONDS COMMAND...: runs the command and notes how it ended. FILE, unless empty, gets its output.
noted() {
  local file=$1 name=$2 status=0 log=$work/log.$BASHPID cut size
  shift 2
  if ((planning)); then
    note "$name" 'not run'
  elif [[ $name == *wgmma* && -e $work/hung ]]; then
    note "$name" 'not run (a test of it was not over in time)'
  elif [[ -n $file ]]; then
    echo >>"$file" # ends a line that was cut off
    size=$(stat -c %s "$file")
    limited "$@" >>"$file" 2>"$log" || status=$?
    if ((status == 0 && $(stat -c %s "$file") == size)); then
      echo 'It printed nothing.' >>"$log"
      status=1
    fi
    conclude "$name" "$status" "$log"
  else
    limited "$@" >"$log" 2>&1 || status=$?
    conclude "$name" "$status" "$log"
  fi
}

# check NAME SECONDS COMMAND...
found='failed (compute-sanitizer has found something)'
check() { noted '' "$@"; }
# inform NAME SECONDS COMMAND...: what the sanitizer says of it is no failure.
inform() { local found='information (compute-sanitizer has reported something)'; noted '' "$@"; }
# bench NAME SECONDS COMMAND...: adds its lines of JSON to the measurements, also when it is cut off.
bench() { noted "$out/measurements.jsonl" "$@"; }

# at_once COMMAND...: runs in the background, while others run.
at_once() { if ((planning)); then "$@"; else "$@" & fi; }
# alone: waits until nothing else runs. Every command has a limit, so this ends.
alone() { ((planning)) || wait; }
