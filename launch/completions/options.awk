# Reads the --help of a program and prints its options, one a line, with the character 037 between the fields:
#   group, name, value as --help shows it (none of a switch), words that --help offers for it, description
# --help has one space between a name and its value, and more ahead of a description; what follows is indented further.
function print_option(  parts, count, i, words) {
  if (name == "") return
  count = split(value, parts, "|")
  for (i = 1; count > 1 && i <= count; ++i) if (parts[i] !~ /^[A-Z]+$/) words = words " " parts[i]
  if (count == 1 && match(text, /one of [A-Za-z0-9_-]+(, [A-Za-z0-9_-]+)+/)) {
    words = substr(text, RSTART + length("one of"), RLENGTH - length("one of"))
    gsub(",", "", words)
  }
  print group, name, value, substr(words, 2), text
  name = ""
}

function trimmed(string) {
  gsub(/^ +| +$/, "", string)
  return string
}

BEGIN { OFS = "\037" }

/^[^ ].*:$/ {
  print_option()
  group = substr($0, 1, length($0) - 1)
  next
}

group != "" && /^  --/ {
  print_option()
  name = substr($1, 3)
  rest = substr($0, length("  ") + length($1) + 1)
  value = ""
  if (rest ~ /^ [^ ]/) {
    value = $2
    rest = substr(rest, length(value) + 2)
    sub(/^ \(=[^)]*\)/, "", rest)
  }
  text = trimmed(rest)
  next
}

name != "" && /^    / { text = trimmed(text " " trimmed($0)) }

END { print_option() }
