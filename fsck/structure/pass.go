// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// pass is a walk over everything that owns metadata blocks, by the list of
// docs/format.md 6.6. The first one verifies what it comes to. If it finds that
// blocks have several owners a second one, which reports nothing, finds out
// who they are.
type pass struct {
	*Checker
	ctx    context.Context
	r      *block.Reader
	s      *format.Super
	claims claims
	first  bool

	logs       []*format.LogTrees
	logsLost   bool // some are missing
	merge      mergeItems
	mergeLost  bool
	mounts     map[uint64]bool // by rid
	mountsLost bool
	srchLost   bool // items of srch_root are missing
}

func newPass(ctx context.Context, c *Checker, cl claims) *pass {
	return &pass{Checker: c, ctx: ctx, r: c.reader, s: c.super, claims: cl, mounts: make(map[uint64]bool)}
}

// report passes on what the first walk finds.
func (p *pass) report(n problem.Number, at problem.Place, found, expected string) {
	if p.first {
		p.Checker.report(n, at, found, expected)
	}
}

// use claims a block that has been read.
func (p *pass) use(o *owner, ref format.Ref, magic uint32) claim {
	p.sizes.metaEnd = max(p.sizes.metaEnd, ref.Blkno+1)
	return p.claims.use(o, ref, magic)
}

// lose notes that blocks may belong to something that could not be read.
func (p *pass) lose() {
	if p.first {
		p.lost.Store(true)
	}
}

// run walks over all.
func (p *pass) run() {
	p.logsRoot()
	p.logMerge()
	p.mountedClients()
	p.fsRoot()
	for _, lt := range p.logs {
		p.logTrees(lt)
	}
	p.srchRoot()
	p.serverSpace()
	p.mergeSpace()
	if p.first {
		p.logRules()
		p.mergeRules()
	}
}

// items reads a tree of the server's, whose items each describes. lost is
// called if some cannot be told.
func (p *pass) items(root format.Root, kind format.Tree, field string, each func(it item), lost func()) {
	place := problem.Place{InTree: true, Tree: kind}
	w := treeWalk{
		p: p, root: root, kind: kind, owner: &owner{name: kind.String()}, place: place, at: inSuper(field), leaves: true,
		leaf: func(l *leaf) { l.each(each) },
		lost: func(format.Range, int) {
			p.lose()
			lost()
		},
	}
	w.walk()
}

// fsRoot walks over the parents of fs_root. Its leaves are claimed, and
// verified by whoever reads the merged view.
func (p *pass) fsRoot() {
	w := treeWalk{
		p: p, root: p.s.FSRoot.Root(), kind: format.TreeFSRoot, owner: &owner{name: "fs_root", fs: true},
		place: problem.Place{InTree: true, Tree: format.TreeFSRoot}, at: inSuper("fs_root"),
		lost: p.loseKeys,
	}
	w.walk()
}

// loseKeys notes that keys of the merged view are unknown. Those of a block
// above leaves lead to blocks that nobody knows.
func (p *pass) loseKeys(keys format.Range, level int) {
	if !p.first {
		return
	}
	p.result.Unknown.Add(keys)
	if level > 0 {
		p.lose()
	}
}

// treeName names the trees of a mount.
func treeName(field string, lt *format.LogTrees) string {
	return fmt.Sprintf("%s of log trees %016x.%d", field, lt.RID.Get(), lt.Nr.Get())
}
