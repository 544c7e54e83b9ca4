import type { Messages } from './en';

const zh: Messages = {
  on: '显示弹幕',
  off: '隐藏弹幕',
  settings: '弹幕设置',
  show: '在画面上显示弹幕',
  lessMotion: '你的设备要求减少动态效果，因此只有少量弹幕静止显示。',
  area: '显示区域',
  areas: ['四分之一', '一半', '四分之三', '全屏'],
  density: '密度',
  densities: { few: '稀疏', some: '适中', many: '密集' },
  opacity: '不透明度',
  size: '字号',
  speed: '速度',
  times: (value) => `${value} 倍`,
  colors: '显示彩色弹幕',
  top: '显示顶部弹幕',
  bottom: '显示底部弹幕',
  words: '屏蔽词',
  wordsHint: '含有这些词的消息不会飘过画面，仅对你生效；聊天中仍会显示。',
  addWord: '添加',
  removeWord: (word) => `取消屏蔽“${word}”`,
  reset: '恢复默认',
  compose: {
    open: '弹幕样式',
    floats: '作为弹幕发送',
    chatOnly: '仅在聊天中显示',
    color: '颜色',
    colorNames: ['白色', '黄色', '橙色', '红色', '粉色', '紫色', '蓝色', '青色', '绿色', '草绿色'],
    place: '位置',
    places: { scroll: '滚动', top: '顶部', bottom: '底部' },
  },
};

export default zh;
