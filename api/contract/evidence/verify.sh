#!/bin/bash
# 离线核验一个证据包。只需要 bash、coreutils 和 openssl（1.1.1 或更高）。说明见 VERIFY.md。
# Checks one evidence package offline with bash, coreutils and openssl (>= 1.1.1) only. See VERIFY.md.
#
# 用法 usage:  verify.sh DIR [ROOTS.pem]
# 退出码 exit: 0 所做检查全部通过 all checks that could be made hold; 1 有检查未通过 a check failed; 2 无法核验 could not check;
#            3 未变，但缺少应有的证明 nothing changed, but proofs that should be there are missing
# 不给 ROOTS.pem 时，0 只表示自签名以来未变，不表示由谁、何时签名：任何人都能自己做一个这样的包
# Without ROOTS.pem 0 means unchanged since it was signed, not by whom or when: anybody can make such a package
set -u
export LC_ALL=C
unset CDPATH
shopt -s dotglob nullglob

bad=0 lack=0
ok() { printf '通过 OK    %s\n' "$1"; }
fail() { printf '失败 FAIL  %s\n' "$1"; bad=1; }
skip() { printf '未查 SKIP  %s\n' "$1"; }
miss() { printf '缺少 LACK  %s\n' "$1"; lack=1; }
stop() { printf '无法核验 cannot check: %s\n' "$1" >&2; exit 2; }

[ $# -eq 1 ] || [ $# -eq 2 ] || { printf '用法 usage: verify.sh DIR [ROOTS.pem]\n' >&2; exit 2; }
for need in sha256sum openssl mktemp date realpath od tr wc base64; do
  command -v "$need" >/dev/null 2>&1 || stop "本机没有 $need / $need is not installed"
done
roots=''
if [ $# -eq 2 ]; then
  roots=$(realpath -e -- "$2" 2>/dev/null) || stop "找不到根证书文件 / no such roots file: $2"
  openssl x509 -in "$roots" -noout >/dev/null 2>&1 || stop "根证书文件不可读 / no certificate in: $2"
fi
[ -d "$1" ] || stop "不是文件夹 / not a folder: $1"
cd -- "$1" >/dev/null 2>&1 || stop "无法进入文件夹 / cannot enter: $1"
work=$(mktemp -d) || stop "无法建立临时文件夹 / no temporary folder"
trap 'rm -rf -- "$work"' EXIT

plain() { [ -f "$1" ] && [ ! -L "$1" ] && [ -r "$1" ]; }
same() { [ "$(sha256sum <"$1")" = "$(sha256sum)" ]; } # 文件与标准输入逐字节相同 / whether FILE has exactly the bytes of the input

each_certificate() { # FILE COMMAND: 对其中每一张证书执行，证书在 one.pem / runs COMMAND for each certificate, which stands in one.pem
  local line one=''
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line != *-----BEGIN*CERTIFICATE-----* ]] || one=''
    one+=$line$'\n'
    if [[ $line == *-----END*CERTIFICATE-----* ]]; then printf %s "$one" >"$work/one.pem"; "$2"; fi
  done <"$1"
}
# openssl dgst 只读到签名可能的最大长度，之后的字节看不到 / openssl dgst reads no more of a signature than it may have
one_der() { # FILE: 恰为一个 DER 元素，长度最短，其后没有别的数据 / exactly one DER element of the shortest length, nothing behind it
  local head count length
  head=$(od -An -tx1 -N6 <"$1" | tr -d ' \n')
  [ ${#head} -eq 12 ] && [ "${head:0:2}" = 30 ] || return 1
  count=$((16#${head:2:2}))
  length=$count
  if [ "$count" -ge 128 ]; then
    count=$((count - 128))
    [ "$count" -ge 1 ] && [ "$count" -le 4 ] || return 1
    length=$((16#${head:4:2*count}))
    [ "$length" -ge 128 ] && [ $((length >> (8 * (count - 1)))) -gt 0 ] || return 1
  else count=0; fi
  [ $(($(wc -c <"$1"))) -eq $((2 + count + length)) ]
}

brought() { # STAMP: 时间戳内所附的证书 / the certificates that come inside STAMP
  openssl ts -reply -in "$1" -token_out -out "$work/token.der" >/dev/null 2>&1 &&
    openssl pkcs7 -inform DER -in "$work/token.der" -print_certs 2>/dev/null
}

certificates=0 unread=''
take_one() {
  [[ $(<"$work/one.pem") =~ ^-----BEGIN\ (X509\ )?CERTIFICATE----- ]] || return # TRUSTED CERTIFICATE 等不算 / others do not count
  certificates=$((certificates + 1))
  openssl x509 -in "$work/one.pem" >>"$work/$taking" 2>/dev/null || unread=1
}
take() { # FILE: 把证书重写到 $work/FILE，数目在 certificates；有一张不可读即失败 / writes them anew; fails where one cannot be read
  certificates=0 unread='' taking=$1
  : >"$work/$1"
  if plain "$1"; then each_certificate "$1" take_one; fi
  [ $certificates -gt 0 ] && [ -z "$unread" ]
}

# 1. 清单格式：每行"64位小写十六进制、两个空格、文件名"，按名称排序，不重复，以换行结束
declare -A listed=()
names=()
line_form='^([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9._-]{0,99})$'
form=''
if plain SHA256SUMS; then
  previous=''
  while IFS= read -r line || { [ -n "$line" ] && form='末行没有换行 / no newline at the end'; }; do
    if [[ ! $line =~ $line_form ]]; then form="不是清单行 / not a list line: ${line:0:120}"; break; fi
    name=${BASH_REMATCH[2]}
    if [[ ! $name > $previous ]]; then form="次序不对或重复 / out of order or twice: $name"; break; fi
    listed[$name]=${BASH_REMATCH[1]}
    names+=("$name")
    previous=$name
    [ -z "$form" ] || break
  done <SHA256SUMS
  [ ${#names[@]} -gt 0 ] || form=${form:-'清单是空的 / the list is empty'}
  if [ -z "$form" ] && ! for name in "${names[@]}"; do printf '%s  %s\n' "${listed[$name]}" "$name"; done | same SHA256SUMS
  then form='含有看不见的字节 / bytes that are not seen'; fi
else
  form='没有 SHA256SUMS / SHA256SUMS is missing'
fi
if [ -z "$form" ]; then ok "哈希清单格式，${#names[@]} 个文件 / form of the hash list, ${#names[@]} files"
else fail "哈希清单格式 / form of the hash list: $form"; listed=(); names=(); fi

# 2. 每个文件的哈希；缺失的文件
wrong=0
for name in "${names[@]+"${names[@]}"}"; do
  if ! plain "$name"; then fail "缺少文件 / missing file: $name"; wrong=1; continue; fi
  sum=$(sha256sum <"$name") || sum=''
  if [ "${sum%% *}" != "${listed[$name]}" ]; then fail "文件被改动 / changed file: $name"; wrong=1; fi
done
[ ${#names[@]} -gt 0 ] && [ $wrong -eq 0 ] && ok '文件哈希 / file hashes'

# 3. 不得有清单之外的文件（含隐藏文件、子文件夹、链接）
strange=0
for name in *; do
  case $name in SHA256SUMS|SHA256SUMS.sig|SHA256SUMS.sm2|SHA256SUMS.tsr|tsa.crt|tlog.json|checkpoint.txt|checkpoint.sig|checkpoint.tsr|log.crt)
    plain "$name" || { fail "不是普通文件 / not a plain file: $name"; strange=1; }
    [ -z "${listed[$name]+x}" ] || { fail "不应列入清单 / must not be listed: $name"; strange=1; }
    continue ;;
  esac
  if [ -z "${listed[$name]+x}" ]; then fail "清单之外的文件 / unlisted file: $(printf %q "$name")"; strange=1
  elif ! plain "$name"; then fail "不是普通文件 / not a plain file: $name"; strange=1; fi
done
for name in manifest.json node.crt verify.sh VERIFY.md; do
  [ -n "${listed[$name]+x}" ] || { fail "应列入清单 / must be listed: $name"; strange=1; }
done
[ $strange -eq 0 ] && ok '没有多余文件 / no unlisted files'

# 4. 节点签名：签的是 SHA256SUMS 的全部字节
if take node.crt && [ $certificates -eq 1 ] && openssl x509 -in "$work/node.crt" -noout -pubkey >"$work/key.pem" 2>/dev/null; then
  text=$(openssl x509 -in "$work/node.crt" -noout -text 2>/dev/null)
  if [[ $text != *prime256v1* ]]; then fail '证书密钥不是 P-256 / the key is not P-256'
  elif ! plain SHA256SUMS || ! plain SHA256SUMS.sig; then fail '没有签名 / SHA256SUMS.sig is missing'
  elif one_der SHA256SUMS.sig && openssl dgst -sha256 -verify "$work/key.pem" -signature SHA256SUMS.sig SHA256SUMS >/dev/null 2>&1; then
    ok "节点签名 / signature of the node: $(openssl x509 -in "$work/node.crt" -noout -subject)"
  else fail '节点签名 / signature of the node'; fi
else
  fail '节点证书不可读 / node.crt is missing or unreadable'
fi

# 4b. 国密签名（有才查）：对同一 SHA256SUMS 的 SM2 签名（SM3，默认标识）；证书列入清单，由节点签名担保
sm2=(-sm3 -sigopt distid:1234567812345678)
knows_sm2() { # 先自签自验，分清“不成立”和“本机不支持” / tells a wrong signature from an openssl without SM2
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out "$work/sm2.key" 2>/dev/null &&
    openssl pkey -in "$work/sm2.key" -pubout -out "$work/sm2.pub" 2>/dev/null &&
    openssl dgst "${sm2[@]}" -sign "$work/sm2.key" -out "$work/sm2.sig" SHA256SUMS 2>/dev/null &&
    openssl dgst "${sm2[@]}" -verify "$work/sm2.pub" -signature "$work/sm2.sig" SHA256SUMS >/dev/null 2>&1
}
if [ -e SHA256SUMS.sm2 ] || [ -e node.sm2.crt ] || [ -n "${listed[node.sm2.crt]+x}" ]; then
  if [ -z "${listed[node.sm2.crt]+x}" ]; then fail '国密签名：清单未列 node.sm2.crt / SM2: node.sm2.crt is not listed'
  elif ! plain SHA256SUMS.sm2 || ! plain node.sm2.crt; then fail '国密签名缺失 / SM2: SHA256SUMS.sm2 is missing'
  elif ! knows_sm2; then skip '国密签名未核验：本机 openssl 不支持 SM2 / SM2 signature not checked: this openssl knows no SM2'
  elif [[ $(openssl x509 -in node.sm2.crt -noout -text 2>/dev/null) == *'ASN1 OID: SM2'* ]] &&
    openssl x509 -in node.sm2.crt -noout -pubkey >"$work/sm2.pub" 2>/dev/null && one_der SHA256SUMS.sm2 &&
    openssl dgst "${sm2[@]}" -verify "$work/sm2.pub" -signature SHA256SUMS.sm2 SHA256SUMS >/dev/null 2>&1
  then ok "国密签名（SM2）/ SM2 signature: $(openssl x509 -in node.sm2.crt -noout -subject)"
  else fail '国密签名（SM2）/ SM2 signature'; fi
fi

# 5. 线索编号与文件夹名
manifest=''
if plain manifest.json; then manifest=$(<manifest.json); fi
promised=''
if [[ $manifest =~ \"site_proofs\":\[([a-z_\",]*)\] ]]; then promised=${BASH_REMATCH[1]}; fi
lead=''
if [[ $manifest =~ \"lead_id\":\"(L[0-9]{8}-[0-9]{6,12})\" ]]; then lead=${BASH_REMATCH[1]}; fi
folder=$(pwd -P)
folder=${folder##*/}
if [ -z "$lead" ]; then fail '元数据没有线索编号 / manifest.json names no lead'
elif [[ $folder =~ ^L[0-9]{8}-[0-9]{6,12}$ ]] && [ "$folder" != "$lead" ]; then
  fail "文件夹名与线索编号不符 / the folder is $folder, the lead is $lead"
else ok "线索编号 / lead: $lead"; fi

# 6. 身份：证书须能追溯到核验人自己持有的根证书，并在制作时有效
created=''
if [[ $manifest =~ \"created_utc\":\"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)\" ]]; then
  created=$(date -u -d "${BASH_REMATCH[1]}" +%s 2>/dev/null) || created=''
fi
print=$(openssl x509 -in "$work/node.crt" -noout -fingerprint -sha256 2>/dev/null)
# 吊销：ROOTS.pem 内附有签发机构的吊销列表（CRL）时，被吊销的证书一律不予采信，其下的证书也不予采信
# Where lists of revoked certificates (CRL) stand among the roots, nothing under a certificate that they name is believed
lists=''
[ -z "$roots" ] || [[ $(<"$roots") != *'BEGIN X509 CRL'* ]] || lists=1
: >"$work/sent.pem" # 随包而来的证书：tsa.crt 和时间戳内所附 / what came with the package, in tsa.crt and inside the stamps
take tsa.crt
tsa_read=$?
cat "$work/tsa.crt" >>"$work/sent.pem"
for name in SHA256SUMS.tsr checkpoint.tsr; do
  if plain "$name"; then brought "$name" >>"$work/sent.pem"; fi
done
revoked() { # CERTIFICATE
  [ -n "$lists" ] || return 1
  local said
  said=$(SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null openssl verify -no-CApath -no_check_time -crl_check \
    -CAfile "$roots" -untrusted "$work/sent.pem" "$1" 2>&1)
  [[ $said == *'certificate revoked'* || $said == *'CRL signature failure'* ]]
}
standing=$roots
stand_one() { revoked "$work/one.pem" || openssl x509 -in "$work/one.pem" >>"$work/standing.pem" 2>/dev/null; }
if [ -n "$lists" ]; then
  : >"$work/standing.pem"
  each_certificate "$roots" stand_one
  standing=$work/standing.pem
fi
chains() { # TIME...: 节点证书是否在站得住的根之下 / whether node.crt chains to a root that stands
  SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null \
    openssl verify -no-CApath "$@" -CAfile "$standing" "$work/node.crt" >/dev/null 2>&1
}
if [ -z "$roots" ]; then
  skip "身份未核验：没有给出根证书 / identity not checked: no ROOTS.pem given; ${print:-no certificate}"
elif [ -z "$created" ]; then fail '元数据没有制作时间 / manifest.json has no created_utc'
elif chains -attime "$created"
then ok '节点证书 / node certificate chains to the given roots'
else fail '节点证书不在所给根证书之下，或制作时无效 / node certificate does not chain to the given roots'; fi

# 6b. 吊销 / revoked certificates
tell_revoked() {
  if revoked "$work/one.pem"; then
    fail "证书已被吊销，或吊销列表不是其签发机构所签 / revoked, or the CRL is not its issuer's: $telling"
  fi
}
take log.crt
log_certificates=$certificates log_read=$?
if [ -n "$lists" ]; then
  for telling in node.crt log.crt; do each_certificate "$work/$telling" tell_revoked; done
  telling='tsa.crt, *.tsr'
  each_certificate "$work/sent.pem" tell_revoked
fi

# 6c. 谁能为时间和日志作证：只有机构的根证书。节点自己的证书、本身就是盖章用的证书都不算；日志只认其编号所指的本站根证书
# Which roots may vouch for times and for the log: authorities, never the node itself nor a certificate that stamps
site_policy=2.25.196253393793267128020013594357013558149
extension() { openssl x509 -in "$work/one.pem" -noout -ext "$1" 2>/dev/null; }
sort_root() {
  [[ $(extension basicConstraints) == *CA:TRUE* ]] || return
  [ "$(openssl x509 -in "$work/one.pem" -noout -fingerprint -sha256 2>/dev/null)" != "$print" ] || return
  if [[ $(extension certificatePolicies) == *"Policy: $site_policy"* ]]; then
    local id
    id=$(openssl x509 -in "$work/one.pem" -noout -pubkey | openssl pkey -pubin -outform DER 2>/dev/null | hash)
    openssl x509 -in "$work/one.pem" >>"$work/log-$id.pem"
  fi
  local stamps=': critical[[:space:]]+Time Stamping[[:space:]]*$'
  [[ $(extension extendedKeyUsage) =~ $stamps ]] || openssl x509 -in "$work/one.pem" >>"$work/authorities.pem"
}
hash() { openssl dgst -sha256 -binary | od -An -vtx1 | tr -d ' \n'; }
if [ -n "$roots" ]; then
  : >"$work/authorities.pem"
  each_certificate "$standing" sort_root
fi

# 7. 可信时间戳（有才查）：按盖章时刻核验机构证书；制作时间不得晚于盖章时刻（容许 60 秒）
anchor=("-CAfile" "$work/sent.pem" "-partial_chain")
[ -z "$roots" ] || anchor=("-CAfile" "$work/authorities.pem")
when='' stamped=''
known_one() { [[ $(<"$work/tsa.crt")$'\n' == *"$(<"$work/one.pem")"$'\n'* ]] || unknown=1; }
known() { # STAMP: 所带证书都在 tsa.crt 内 / whether tsa.crt has every certificate that STAMP brings
  unknown=''
  brought "$1" >"$work/brought.pem" || return 1
  each_certificate "$work/brought.pem" known_one
  [ -z "$unknown" ]
}
stamped_by() { # FILE STAMP: 时间戳是否属于该文件 / whether STAMP is one of FILE; sets when, stamped
  when='' stamped=''
  while IFS= read -r line; do
    [[ $line == 'Time stamp: '* ]] && when=${line#Time stamp: }
  done < <(openssl ts -reply -in "$2" -text 2>/dev/null)
  [ -n "$when" ] && stamped=$(date -u -d "$when" +%s 2>/dev/null) || return 1
  [ $tsa_read -eq 0 ] && same tsa.crt <"$work/tsa.crt" && one_der "$2" && known "$2" &&
    SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null openssl ts -verify -attime "$stamped" \
    -data "$1" -in "$2" -untrusted "$work/tsa.crt" "${anchor[@]}" >/dev/null 2>&1
}
if plain SHA256SUMS.tsr; then
  if ! stamped_by SHA256SUMS SHA256SUMS.tsr; then fail '可信时间戳 / time stamp'
  elif [ -n "$created" ] && [ "$created" -gt $((stamped + 60)) ]; then
    fail "制作时间晚于盖章时刻 $when / made after it was stamped"
  elif [ -n "$roots" ]; then
    ok "可信时间戳 / time stamp: $when"
    chains -attime "$stamped" ||
      fail '节点证书在盖章时无效 / node certificate was not valid when it was stamped'
  else skip "时间戳吻合，但未核验机构 / time stamp fits, authority not checked: $when"; fi
elif [ -e tsa.crt ] && [ ! -e checkpoint.tsr ]; then fail '有 tsa.crt 而没有时间戳 / tsa.crt without a time stamp'
elif [[ $promised == *'"time_stamp"'* ]]; then
  miss '可信时间戳：所属站点对每个证据包都加盖，尚未加盖或已被拿走 / time stamp: its site stamps every package; not stamped yet, or taken away'
else skip '没有可信时间戳（tsa: none），时间只是节点自己的陈述 / no time stamp: times are the node'\''s own claim'; fi

# 8. 只增日志（有才查）：本包确在日志内（RFC 6962），检查点由日志密钥签名、盖章
bin() { local i; for ((i = 0; i < ${#1}; i += 2)); do printf "\\x${1:i:2}"; done; }
node() { { printf '\001'; bin "$1"; bin "$2"; } | hash; }
included() { # INDEX SIZE ROOT PATH...
  local fn=$1 sn=$(($2 - 1)) root=$3 piece r
  [ "$1" -lt "$2" ] || return 1
  r=$({ printf '\000'; cat SHA256SUMS; } | hash)
  shift 3
  for piece in "$@"; do
    [ "$sn" -gt 0 ] || return 1
    if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
      r=$(node "$piece" "$r")
      while [ "$fn" -ne 0 ] && [ $((fn & 1)) -eq 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
    else r=$(node "$r" "$piece"); fi
    fn=$((fn >> 1)) sn=$((sn >> 1))
  done
  [ "$sn" -eq 0 ] && [ "$r" = "$root" ]
}
log_fault() { # 说明为何不成立；成立则无输出 / says why the log proof does not hold, nothing where it does
  local file proof size root index id form piece listed_path='' path=()
  for file in tlog.json checkpoint.txt checkpoint.sig log.crt; do
    plain "$file" || { echo "缺少 $file / $file is missing"; return; }
  done
  proof=$(tr -d '\000' <tlog.json)
  form='^\{"index":(0|[1-9][0-9]{0,15}),"log_id":"([0-9a-f]{64})","path":\[(("[0-9a-f]{64}",?)*)\],"root":"([0-9a-f]{64})","tree_size":([1-9][0-9]{0,15})\}$'
  [[ $proof =~ $form ]] || { echo 'tlog.json 格式不对 / tlog.json is malformed'; return; }
  index=${BASH_REMATCH[1]} id=${BASH_REMATCH[2]} root=${BASH_REMATCH[5]} size=${BASH_REMATCH[6]}
  read -ra path <<<"$(tr -d '"' <<<"${BASH_REMATCH[3]}" | tr ',' ' ')"
  for piece in "${path[@]+"${path[@]}"}"; do listed_path+=${listed_path:+,}\"$piece\"; done
  printf '{"index":%s,"log_id":"%s","path":[%s],"root":"%s","tree_size":%s}' "$index" "$id" "$listed_path" "$root" "$size" |
    same tlog.json ||
    { echo 'tlog.json 格式不对 / tlog.json is malformed'; return; }
  local lines=()
  mapfile lines <checkpoint.txt
  if [ ${#lines[@]} -ne 3 ] || [ "${lines[1]}" != "$size"$'\n' ] || [[ ${lines[0]} != */"${id:0:16}"$'\n' ]] ||
    [ "$(printf %s "${lines[2]}" | base64 -d 2>/dev/null | od -An -vtx1 | tr -d ' \n')" != "$root" ]
  then echo 'tlog.json 与 checkpoint.txt 不符 / they speak of different trees'; return; fi
  included "$index" "$size" "$root" "${path[@]+"${path[@]}"}" || { echo '本包不在日志内 / the log does not hold this package'; return; }
  [ $log_read -eq 0 ] && [ $log_certificates -eq 1 ] && same log.crt <"$work/log.crt" ||
    { echo 'log.crt 应恰为一张证书 / log.crt must be one certificate and nothing else'; return; }
  openssl x509 -in "$work/log.crt" -noout -pubkey >"$work/log.pem" 2>/dev/null &&
    one_der checkpoint.sig && openssl dgst -sha256 -verify "$work/log.pem" -signature checkpoint.sig checkpoint.txt >/dev/null 2>&1 ||
    { echo '检查点签名不成立 / checkpoint.sig does not hold'; return; }
  local time=("-no_check_time")
  if [ -e checkpoint.tsr ]; then
    plain checkpoint.tsr && stamped_by checkpoint.txt checkpoint.tsr || { echo '检查点时间戳不成立 / checkpoint.tsr does not hold'; return; }
    [ -z "$created" ] || [ "$created" -le $((stamped + 60)) ] || { echo "制作时间晚于检查点 $when / made after the checkpoint"; return; }
    time=("-attime" "$stamped")
  fi
  [ -n "$roots" ] || return
  [ -e "$work/log-$id.pem" ] || { echo '所给根证书中没有该日志的根 / the root of this log is not among the given roots'; return; }
  SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null \
    openssl verify -no-CApath "${time[@]}" -CAfile "$work/log-$id.pem" "$work/log.crt" >/dev/null 2>&1 ||
    echo '日志证书不在该日志的根之下 / log.crt does not chain to the root of this log'
}
logged=''
for name in tlog.json checkpoint.txt checkpoint.sig checkpoint.tsr log.crt; do [ ! -e "$name" ] || logged=1; done
if [ -z "$logged" ] && [[ $promised == *'"log"'* ]]; then
  miss '日志证明：所属站点把每个证据包都记入日志，尚未入库或已被拿走 / log: its site logs every package; not filed yet, or taken away'
elif [ -z "$logged" ]; then skip '没有日志证明（log: none）/ no proof that the site'\''s log holds the package'
else
  fault=$(log_fault)
  if [ -n "$fault" ]; then fail "只增日志 / log: $fault"
  elif [ ! -e checkpoint.tsr ] && [[ $promised == *'"time_stamp"'* ]]; then
    miss '检查点时间戳：所属站点对每个检查点都加盖，尚未加盖或已被拿走 / log: its site stamps every checkpoint; not stamped yet, or taken away'
  elif [ -n "$roots" ]; then ok '只增日志 / the site'\''s log holds the package'
  else skip '日志证明吻合，但未核验属于谁 / log proof fits, whose log was not checked'; fi
fi

if [ $bad -ne 0 ]; then printf '结论：未通过 / result: FAILED\n'; exit 1; fi
who=''
[ -n "$roots" ] || who='；由谁、何时签名未核验：没有给出根证书 / by whom and when it was signed was not checked: no ROOTS.pem given'
if [ $lack -ne 0 ]; then printf '结论：未变，但缺少应有的证明 / result: UNCHANGED, BUT PROOFS ARE MISSING%s\n' "$who"; exit 3; fi
if [ -z "$roots" ]; then printf '结论：自签名以来未变 / result: UNCHANGED SINCE IT WAS SIGNED%s\n' "$who"; exit 0; fi
printf '结论：通过 / result: OK\n'
