// SPDX-License-Identifier: GPL-2.0-or-later

package progress

// Tee returns a Sink that passes everything on to both.
func Tee(a, b Sink) Sink { return tee{a, b} }

type tee struct{ a, b Sink }

func (t tee) Phase(name string, unit Unit, total int64) {
	t.a.Phase(name, unit, total)
	t.b.Phase(name, unit, total)
}

func (t tee) Add(n int64) {
	t.a.Add(n)
	t.b.Add(n)
}

func (t tee) Grow(n int64) {
	t.a.Grow(n)
	t.b.Grow(n)
}
