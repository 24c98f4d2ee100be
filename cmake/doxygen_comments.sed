# Turns plain comments into Doxygen's, without separators such as "// --- memory ---".
/^ *\/\/ ---/d
/^ *\/\// {
  s/[\\<]/\\&/g
  s/^( *)\/\/ ?/\1\/\/\/ /
  b
}
s/([;,{]) +\/\/ (.*)$/\1 \/\/\/< \2/
