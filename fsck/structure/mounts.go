// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"fmt"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// maxNamed bounds the mounts that a note names.
const maxNamed = 32

// mountedClients checks the records of mounts, and notes what recovery will
// have to do about those that are still there.
func (p *pass) mountedClients() {
	var named []string
	p.items(p.s.MountedClients.Root(), format.TreeMountedClients, "mounted_clients", func(it item) {
		p.noSeq(it, format.TreeMountedClients)
		mc, err := format.ViewExact[format.MountedClient](it.Value)
		if err != nil {
			return // its length was reported
		}
		rid := it.Key.First
		p.mounts[rid] = true
		place := withKey(at(problem.Place{InTree: true, Tree: format.TreeMountedClients}, it.blkno), it.Key)
		if badRID(rid) {
			p.report(problem.MountedClientRID, place, fmt.Sprintf("%016x", rid), "a mount's")
		}
		if unknown := mc.Flags &^ format.MountedClientQuorum; unknown != 0 {
			p.report(problem.MountedClientFlags, withField(place, "flags"), fmt.Sprintf("%#x", mc.Flags), "no unknown flags")
		}
		address, ok := mc.Addr.AddrPort()
		switch {
		case !ok:
			p.report(problem.MountedClientAddress, withField(place, "addr.family"), fmt.Sprint(mc.Addr.Family.Get()), fmt.Sprintf("%d for IPv4", format.FamilyIPv4))
		case address.Port() == 0 || address.Addr().As4()[0] == 0:
			p.report(problem.MountedClientAddress, withField(place, "addr"), address.String(), "the address of a host")
		}
		if len(named) < maxNamed {
			named = append(named, fmt.Sprintf("%016x at %v", rid, address))
		}
	}, func() { p.mountsLost = true })
	if p.first {
		p.inUse(named)
	}
}

// inUse notes mounts that did not end, in words.
func (p *pass) inUse(mounts []string) {
	var slots []string
	leader, term := "", uint64(0)
	for slot, q := range p.slots {
		if q == nil || !p.s.Qconf.Configured(slot) {
			continue
		}
		if q.InUse() {
			slots = append(slots, fmt.Sprint(slot))
		}
		elect, stop := &q.Events[format.QuorumEventElect], &q.Events[format.QuorumEventStop]
		if t := elect.Term.Get(); t > stop.Term.Get() && t > term {
			leader, term = fmt.Sprintf("the leader of term %d, %016x in slot %d,", t, elect.RID.Get(), slot), t
		}
	}
	if len(mounts) == 0 && len(slots) == 0 && leader == "" {
		return
	}
	var facts, recovery []string
	if n := len(p.mounts); n > 0 {
		more := ""
		if n > len(mounts) {
			more = fmt.Sprintf(" and %d more", n-len(mounts))
		}
		facts = append(facts, count(uint64(n), "mount", "mounts")+" did not unmount ("+strings.Join(mounts, ", ")+more+")")
		recovery = append(recovery, "take up what they had committed and give back the space they held")
	}
	if len(slots) > 0 {
		facts = append(facts, "quorum slots did not end: "+strings.Join(slots, ", "))
	}
	if leader != "" {
		facts = append(facts, leader+" did not stop")
		recovery = append([]string{"fence the leader"}, recovery...)
	}
	found := strings.Join(facts, "; ")
	if len(recovery) > 0 {
		found += "; if they are gone the next mount will " + strings.Join(recovery, ", and ")
	}
	p.report(problem.VolumeInUse, inSuper("mounted_clients"), found, "")
}
