//! Names of places and lines of work, as they read in American rentals.
//!
//! **Invariant:** nothing here is the name of a person or a company.

/// A market: its name, state, county, and its towns with their ZIP codes.
pub struct Market {
    pub name: &'static str,
    pub state: &'static str,
    pub county: &'static str,
    pub towns: &'static [(&'static str, &'static str)],
}

pub const MARKETS: [Market; 6] = [
    Market {
        name: "Tulsa",
        state: "OK",
        county: "Tulsa",
        towns: &[("Tulsa", "74104"), ("Broken Arrow", "74012"), ("Owasso", "74055"), ("Jenks", "74037")],
    },
    Market {
        name: "Memphis",
        state: "TN",
        county: "Shelby",
        towns: &[("Memphis", "38111"), ("Bartlett", "38134"), ("Cordova", "38018"), ("Germantown", "38138")],
    },
    Market {
        name: "Indianapolis",
        state: "IN",
        county: "Marion",
        towns: &[("Indianapolis", "46205"), ("Speedway", "46224"), ("Lawrence", "46226")],
    },
    Market {
        name: "Columbus",
        state: "OH",
        county: "Franklin",
        towns: &[("Columbus", "43206"), ("Grove City", "43123"), ("Hilliard", "43026"), ("Reynoldsburg", "43068")],
    },
    Market {
        name: "San Antonio",
        state: "TX",
        county: "Bexar",
        towns: &[("San Antonio", "78209"), ("Converse", "78109"), ("Universal City", "78148")],
    },
    Market {
        name: "Atlanta",
        state: "GA",
        county: "DeKalb",
        towns: &[("Decatur", "30030"), ("Stone Mountain", "30083"), ("Tucker", "30084"), ("Lithonia", "30058")],
    },
];

pub const STREETS: [&str; 48] = [
    "Maple",
    "Oak",
    "Cedar",
    "Elm",
    "Willow",
    "Magnolia",
    "Dogwood",
    "Sycamore",
    "Hickory",
    "Juniper",
    "Chestnut",
    "Linden",
    "Birch",
    "Laurel",
    "Poplar",
    "Peachtree",
    "Lincoln",
    "Jefferson",
    "Madison",
    "Franklin",
    "Harrison",
    "Monroe",
    "Jackson",
    "Washington",
    "Lakeview",
    "Hillcrest",
    "Ridgewood",
    "Fairview",
    "Meadowbrook",
    "Brookside",
    "Stonegate",
    "Highland",
    "Park",
    "Church",
    "Mill",
    "Spring",
    "Prairie",
    "Garden",
    "Orchard",
    "Sunset",
    "Canyon",
    "Heritage",
    "Colonial",
    "Windsor",
    "Kensington",
    "Belmont",
    "Ashford",
    "Creekside",
];

pub const STREET_KINDS: [&str; 7] = ["Avenue", "Street", "Drive", "Lane", "Court", "Road", "Place"];

/// A line of work: where, what, how it is counted and what one costs, in cents.
pub struct Work {
    pub rooms: &'static [&'static str],
    pub category: &'static str,
    pub description: &'static str,
    pub unit: &'static str,
    /// How many.
    pub quantity: (i64, i64),
    /// Cents for one.
    pub unit_cost: (i64, i64),
}

const BEDROOMS: &[&str] = &["Primary bedroom", "Bedroom 2", "Bedroom 3"];
const BATHROOMS: &[&str] = &["Primary bath", "Hall bath"];
const KITCHEN: &[&str] = &["Kitchen"];
const WHOLE_HOME: &[&str] = &["Whole home"];
const EXTERIOR: &[&str] = &["Exterior", "Garage", "Front yard", "Back yard"];

const fn work(
    rooms: &'static [&'static str],
    category: &'static str,
    description: &'static str,
    unit: &'static str,
    quantity: (i64, i64),
    unit_cost: (i64, i64),
) -> Work {
    Work {
        rooms,
        category,
        description,
        unit,
        quantity,
        unit_cost,
    }
}

/// No line costs less than $70, so three of them make at least $200.
pub const WORKS: [Work; 24] = [
    work(WHOLE_HOME, "Paint", "Repaint walls, two coats, eggshell", "sq ft", (600, 1_600), (95, 180)),
    work(BEDROOMS, "Paint", "Touch up walls and repaint trim", "each", (1, 1), (14_000, 32_000)),
    work(BEDROOMS, "Flooring", "Replace carpet and pad", "sq ft", (120, 220), (310, 480)),
    work(&["Living room", "Hallway"], "Flooring", "Install vinyl plank", "sq ft", (180, 420), (390, 620)),
    work(KITCHEN, "Flooring", "Replace sheet vinyl, repair subfloor", "sq ft", (90, 180), (420, 700)),
    work(KITCHEN, "Appliances", "Replace range", "each", (1, 1), (52_000, 88_000)),
    work(KITCHEN, "Appliances", "Replace dishwasher", "each", (1, 1), (41_000, 64_000)),
    work(KITCHEN, "Plumbing", "Replace faucet and supply lines", "each", (1, 1), (16_500, 29_000)),
    work(KITCHEN, "Cabinets", "Rehang doors, replace hinges and pulls", "each", (6, 14), (1_400, 2_900)),
    work(KITCHEN, "Countertops", "Install laminate countertop", "lin ft", (10, 24), (3_800, 6_200)),
    work(BATHROOMS, "Plumbing", "Replace toilet and wax ring", "each", (1, 1), (24_000, 39_000)),
    work(BATHROOMS, "Plumbing", "Reglaze tub and surround", "each", (1, 1), (33_000, 52_000)),
    work(BATHROOMS, "Carpentry", "Replace vanity and top", "each", (1, 1), (38_000, 69_000)),
    work(BATHROOMS, "Electrical", "Replace exhaust fan", "each", (1, 1), (15_000, 26_000)),
    work(WHOLE_HOME, "Cleaning", "Make-ready clean", "each", (1, 1), (18_000, 34_000)),
    work(WHOLE_HOME, "Trash out", "Haul away belongings left behind", "load", (1, 3), (22_500, 35_000)),
    work(
        WHOLE_HOME,
        "HVAC",
        "Service furnace and condenser, replace filter",
        "each",
        (1, 1),
        (16_000, 28_500),
    ),
    work(WHOLE_HOME, "Electrical", "Replace smoke and CO detectors", "each", (3, 7), (3_200, 5_400)),
    work(WHOLE_HOME, "Locks", "Rekey all exterior locks", "each", (1, 1), (9_500, 17_500)),
    work(WHOLE_HOME, "Windows", "Replace blinds", "each", (6, 14), (2_400, 4_100)),
    work(EXTERIOR, "Landscaping", "Mow, edge, trim and haul", "each", (1, 1), (8_500, 21_000)),
    work(EXTERIOR, "Roofing", "Replace damaged shingles and flashing", "sq ft", (40, 160), (550, 900)),
    work(EXTERIOR, "Fencing", "Reset posts and replace pickets", "lin ft", (12, 60), (1_800, 3_200)),
    work(EXTERIOR, "Gutters", "Clean and reseal gutters", "each", (1, 1), (11_000, 19_500)),
];

pub const TURN_NOTES: [&str; 10] = [
    "Keys under mat at side door.",
    "Neighbor at 12 has the gate code.",
    "Strong pet odor in both back bedrooms.",
    "Tenant left a washer and dryer; photographed.",
    "Water heater date code 2009, ask about replacement.",
    "Garage remote missing.",
    "HOA wants the mailbox repainted.",
    "Breaker for kitchen trips when the disposal runs.",
    "Crawl space damp at the north corner.",
    "Next lease is signed; due date is firm.",
];
