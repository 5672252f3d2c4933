#!/bin/sh
# Every rule number has a test that names it: Criterion tests are called `t1_...`, scripts and data rows say `t1 ` or `t1_`.
# Prints the rules that have none; `sh tests/rules_named.sh table` prints where each is tested.
cd "$(dirname "$0")/.." || exit 2
form=${1:-check}
missing=""
for rule in t1 t2 t3 t4 t5 t6 t7 f1 f2 f3 f4 f5 l1 l2 l3 l4 l5 l6 d1 d2 d3 d4 d5 d6 d7 d8 d9 q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12 q13 q14 q15 c1 c2 c3 c4 p1 p2 p3 p4; do
    places=$(grep -rlE "(Test\([a-z_0-9]+, |ParameterizedTest\([^)]*, |def test_|\"name\": \")([a-z0-9]+_)*${rule}[_ ]" tests --include='*.c' --include='*.py' --include='*.jsonl' | sort | tr '\n' ' ')
    [ -n "$places" ] || missing="$missing $rule"
    [ "$form" = table ] && echo "$rule: $places"
done
[ -z "$missing" ] || { echo "no test names:$missing"; exit 1; }
echo "every rule is named by a test"
