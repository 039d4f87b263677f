# Prints what a formula downloads on each platform: a line `SYSTEM CPU URL SHA256` each. It stands in for Homebrew, and
# knows only what our formula uses.

class Formula
  class << self
    def on_macos(&block) = inside("macos", &block)
    def on_linux(&block) = inside("linux", &block)
    def on_arm(&block) = inside("arm", &block)
    def on_intel(&block) = inside("intel", &block)

    def inside(word)
      (@words ||= []) << word
      yield
      @words.pop
    end

    def url(address) = @address = address
    def sha256(digest) = puts([*@words, @address, digest].join(" "))
    def desc(text) = (raise "desc: over 80 characters" if text.length > 80)
    def homepage(_) = nil
    def version(_) = nil
    def license(_) = nil
    def service = nil
    def test = nil
  end
end

load ARGV.fetch(0)
