/**
 * Stream faults: the Chinese of what workers report about an address without video. Their reports are English, from
 * `streams` and from FFmpeg.
 * @module
 */

/** @type {[RegExp, string][]} pattern of the part after the address; `$1` is copied */
const CHINESE = [
  [/^the server refuses the user name or password, or wants one$/, "服务器不接受用户名或密码，或要求登录"],
  [/^no stream within (\S+) s$/, "$1 秒内没有视频流"],
  [/^nothing arrived for (\S+) s$/, "$1 秒内没有收到数据"],
  [/^the server ended the stream$/, "服务器结束了视频流"],
  [/^connection refused$/, "连接被拒绝"],
  [/^connection (reset by peer|aborted)$|^software caused connection abort$|^broken pipe$/, "连接被对方中断"],
  [/^connection timed out$/, "连接超时"],
  [/^(no route to host|network is unreachable|network unreachable|host is down)$/, "网络不通，无法到达该地址"],
  [/^input\/output error$/, "读取失败（输入/输出错误）"],
  [/^invalid data found when processing input$/, "收到的不是可读的视频数据"],
  [/^end of file$/, "数据到此结束"],
  [/^protocol not found$/, "不支持这种协议"],
  [/^server returned 404 not found$/, "服务器上没有这个地址（404）"],
  [/^server returned (\d{3}|[45]xx)\b.*$/, "服务器答复 $1"],
  [/^no such file$/, "没有这个文件"],
  [/^a folder, not a file$/, "是文件夹，不是文件"],
  [/^neither a file nor an address that can be read$/, "既不是文件，也不是可读取的地址"],
  [/^not a video file$/, "不是视频文件"],
  [/^holds no video(?: that can be read)?$/, "没有可读的视频"],
  [/^no decoder for (\S+)$/, "没有 $1 的解码器"],
];

/** Return a worker's report in Chinese, the address unchanged; an unknown report is returned as it is. @param {string} said @returns {string} */
export function inChinese(said) {
  if (said.startsWith("cannot be watched: ")) return `无法监看：${inChinese(said.slice("cannot be watched: ".length))}`;
  const cut = said.lastIndexOf(": ") + 1;
  const why = said.slice(cut).trimStart();
  const known = CHINESE.find(([pattern]) => pattern.test(why));
  if (!known) return said;
  return (cut > 0 ? `${said.slice(0, cut - 1)}：` : "") + why.replace(...known);
}
