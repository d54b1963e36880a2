"""The register: enterprises, outlets, premises, permits, officers, units, plans and alert orders, as documents."""
