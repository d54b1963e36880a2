/**
 * Words of the page itself: names, sign-in, top bar, ages: key to [Chinese, English].
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const PAGE = {
  "name": ["青目", "Plumewatch"],
  "name.tag": ["生态环境非现场执法视频墙", "Environmental enforcement video wall"],

  "close": ["关闭", "Close"],

  "login.title": ["登录", "Sign in"],
  "login.username": ["用户名", "User name"],
  "login.password": ["密码", "Password"],
  "login.submit": ["登录", "Sign in"],
  "login.wrong": ["用户名或密码不正确。", "Wrong user name or password."],
  "login.empty": ["请输入用户名和密码。", "Please enter the user name and the password."],
  "login.many": ["尝试次数过多，请稍后再试。", "Too many attempts. Please wait and try again."],
  "login.many.wait": ["尝试次数过多，请 {n} 分钟后再试。", "Too many attempts. Please try again in {n} min."],
  "login.unreachable": ["无法连接服务器，请检查网络。", "The server cannot be reached. Please check the network."],
  "login.notout": ["未能退出登录，会话仍然有效：{reason}", "Signing out failed, you are still signed in: {reason}"],
  "login.failed": ["登录失败：{reason}", "Sign-in failed: {reason}"],
  "login.expired": ["登录已过期，请重新登录。", "Your session has ended. Please sign in again."],
  "login.first": ["首次登录请使用安装时显示的一次性密码。", "For the first sign-in, use the one-time password shown during installation."],

  "password.title": ["设置新密码", "Choose a new password"],
  "password.why": ["这是首次登录，继续之前必须更换一次性密码。", "This is your first sign-in: replace the one-time password to continue."],
  "password.current": ["当前密码", "Current password"],
  "password.new": ["新密码（至少 {min} 位）", "New password (at least {min} characters)"],
  "password.repeat": ["再次输入新密码", "New password again"],
  "password.submit": ["保存并进入", "Save and continue"],
  "password.empty": ["请输入当前密码。", "Please enter the current password."],
  "password.short": ["新密码至少需要 {min} 位。", "The new password needs at least {min} characters."],
  "password.weak": ["新密码太容易猜到：请勿使用常见密码、重复或连续的字符。", "The new password is too easy to guess: avoid common passwords, and repeated or consecutive characters."],
  "password.differs": ["两次输入的新密码不一致。", "The two new passwords do not match."],
  "password.wrong": ["当前密码不正确。", "The current password is wrong."],
  "password.same": ["新密码不能与当前密码相同。", "The new password must be different from the current one."],
  "password.failed": ["未能更换密码：{reason}", "The password was not changed: {reason}"],

  "bar.live": ["实时", "Live"],
  "bar.connecting": ["正在连接", "Connecting"],
  "bar.offline": ["连接中断，正在重连", "Disconnected, reconnecting"],
  "bar.cameras": ["摄像机", "Cameras"],
  "bar.playing": ["正常", "playing"],
  "bar.lost": ["中断", "lost"],
  "bar.waiting": ["待处理", "open"],
  "bar.sound.on": ["声音 开", "Sound on"],
  "bar.sound.off": ["声音 关", "Sound off"],
  "bar.sound.blocked": ["点击启用声音", "Click for sound"],
  "bar.language": ["EN", "中文"],
  "bar.language.title": ["Switch to English", "切换为中文"],
  "bar.layout": ["画面布局", "Layout"],
  "bar.layout.auto": ["自动", "Auto"],
  "bar.page": ["第 {page}/{pages} 页", "Page {page}/{pages}"],
  "bar.page.prev": ["上一页", "Previous page"],
  "bar.page.next": ["下一页", "Next page"],
  "bar.full": ["全屏", "Full screen"],
  "bar.full.leave": ["退出全屏", "Leave full screen"],
  "bar.logout": ["退出登录", "Sign out"],
  "bar.time": ["北京时间", "Beijing time"],

  "age.now": ["刚刚", "just now"],
  "age.seconds": ["{n} 秒", "{n} s"],
  "age.minutes": ["{n} 分钟", "{n} min"],
  "age.hours": ["{n} 小时", "{n} h"],
  "age.days": ["{n} 天", "{n} d"],
  "age.ago": ["{age}前", "{age} ago"],
};
