package wire

// DecodeQuickly is for tests that make records with the simulator, which imports this package.
var DecodeQuickly = decodeQuickly
